"""Where the metrics of a server process are read from."""

from actors.runtime.loop_lag import LoopLag
from server.composition.components import ServerComponents
from server.observability.file_descriptors import FileDescriptors
from server.observability.metric_sources import HttpMetricSources, MetricSources
from server.websocket.connection_manager import ConnectionManager


def create_metric_sources(
    components: ServerComponents,
    connections: ConnectionManager,
    loop_lag: LoopLag,
    file_descriptors: FileDescriptors,
    http: HttpMetricSources,
    version: str,
) -> MetricSources:
    core = components.core
    return MetricSources(
        connections=connections.statistics,
        online_users=core.online_users.statistics,
        command_counts=lambda: core.session_dependencies.command_counts,
        rooms=core.rooms.statistics,
        conversations=core.conversation_actors.statistics,
        unstored_commands=core.unstored_command_counts,
        log_writer=core.log_writer.statistics,
        commands=core.unanswered_commands.statistics,
        pending_effects=core.pending_effect_sweeper.statistics,
        file_descriptors=file_descriptors,
        http=http,
        store_pools=components.stores.pool_statistics,
        passwords=components.passwords.statistics,
        deliveries=lambda: {
            "this": core.flusher.delivery_statistics(remote=False),
            "remote": core.flusher.delivery_statistics(remote=True),
        },
        resumes=lambda: core.session_dependencies.stream_recovery.outcomes,
        version=version,
        pruning=components.pruning_job.statistics,
        event_reminders=components.services.reminder_job.statistics,
        malformed_bus_messages=lambda: core.bus_router.malformed_messages,
        bus=components.stores.bus.statistics,
        loop_lag_s=lambda: loop_lag.last_s,
        mail=components.mail_queue.statistics,
        data_exports=components.data_exporter.statistics,
        mails_withheld=lambda: components.mail_limits.withheld,
        password_attempts_refused=lambda: components.password_attempts.refused,
        domain_events=components.services.readers.statistics,
        posts_watched=lambda: core.post_subscriptions.watched_count,
        moderation_actions=lambda: components.moderation.actions.counts,
        moderation_backlog=components.moderation.backlog_monitor.statistics,
        conversation_requests=components.services.conversation_requests.statistics,
        black_boxes=lambda: {
            "sessions": core.session_boxes.statistics(),
            "conversations": core.conversation_boxes.statistics(),
        },
    )

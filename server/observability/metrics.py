"""Exports the statistics of the server's components as Prometheus metrics.

Statistics are read at scrape time. No label grows with the number of users or conversations.
"""

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from actors.accounts.passwords import PasswordStatistics
from actors.consent.conversation_requests import RequestStatistics
from actors.conversations.log_writer import LogWriterStatistics
from actors.conversations.pending_effect_sweeper import PendingEffectStatistics
from actors.conversations.unanswered_commands import CommandStatistics
from actors.delivery.rooms import RoomsStatistics
from actors.domain_events.reader import ReaderStatistics
from actors.events.reminder_job import ReminderStatistics
from actors.exports.exporter import ExporterStatistics
from actors.mail.mail_queue import MailQueueStatistics
from actors.moderation.backlog_monitor import ModerationBacklog
from actors.operations.pruning_job import PruningStatistics
from actors.runtime.black_box import BlackBoxStatistics
from actors.runtime.registry import RegistryStatistics
from actors.sessions.command_registry import REGISTRATIONS
from actors.sessions.online_users import OnlineUsersStatistics
from server.http.http_connection import HttpConnectionLimiter
from server.http.request_concurrency import RequestConcurrency
from server.observability.file_descriptors import FileDescriptors
from server.observability.http_metrics import HttpMetrics
from server.observability.metric_families import counter, gauge, histogram, labelled_histogram
from server.observability.store_metrics import StoreCollector
from server.websocket.connection_manager import ConnectionStatistics
from storage.contracts.bus import BusStatistics
from storage.histogram import HistogramStatistics
from storage.store_calls import PoolStatistics


@dataclass(frozen=True, slots=True)
class HttpMetricSources:
    requests: HttpMetrics
    connections: HttpConnectionLimiter
    concurrency: RequestConcurrency


@dataclass(frozen=True, slots=True)
class MetricSources:
    """Functions that return the current statistics of each component."""

    connections: Callable[[], ConnectionStatistics]
    online_users: Callable[[], OnlineUsersStatistics]
    command_counts: Callable[[], Mapping[str, int]]
    rooms: Callable[[], RoomsStatistics]
    conversations: Callable[[], RegistryStatistics]
    unstored_commands: Callable[[], Sequence[int]]
    log_writer: Callable[[], LogWriterStatistics]
    commands: Callable[[], CommandStatistics]
    pending_effects: Callable[[], PendingEffectStatistics]
    bus: Callable[[], BusStatistics]
    malformed_bus_messages: Callable[[], int]
    pruning: Callable[[], PruningStatistics]
    loop_lag_s: Callable[[], float]
    file_descriptors: FileDescriptors
    http: HttpMetricSources
    store_pools: Callable[[], Sequence[PoolStatistics]]
    passwords: Callable[[], PasswordStatistics]
    deliveries: Callable[[], Mapping[str, HistogramStatistics]]
    resumes: Callable[[], Mapping[str, int]]
    version: str
    mail: Callable[[], MailQueueStatistics] | None = None
    data_exports: Callable[[], ExporterStatistics] | None = None
    mails_withheld: Callable[[], int] = lambda: 0
    password_tries_refused: Callable[[], int] = lambda: 0
    domain_events: Callable[[], Sequence[ReaderStatistics]] = list
    conversation_requests: Callable[[], RequestStatistics] | None = None
    moderation_actions: Callable[[], Mapping[str, int]] | None = None
    moderation_backlog: Callable[[], ModerationBacklog] | None = None
    event_reminders: Callable[[], ReminderStatistics] | None = None
    black_boxes: Callable[[], Mapping[str, BlackBoxStatistics]] = dict


class ServerCollector(Collector):
    """Converts the statistics into metric families at each scrape."""

    def __init__(self, sources: MetricSources) -> None:
        self._sources = sources
        self._started_at = time.time()

    def collect(self) -> Iterator[Metric]:
        yield gauge(
            "convene_start_time_seconds", "Unix time at which this instance started.", self._started_at
        )
        yield gauge(
            "convene_event_loop_lag_seconds",
            "Delay of the most recent event loop probe timer.",
            self._sources.loop_lag_s(),
        )
        build_info = GaugeMetricFamily(
            "convene_build_info",
            "1, with the versions of the server and of Python.",
            labels=["version", "python"],
        )
        build_info.add_metric([self._sources.version, platform.python_version()], 1)
        yield build_info
        yield from self._http_connections()
        yield from self._passwords()
        yield from self._deliveries()
        yield from self._connections()
        yield from self._conversations()
        yield from self._log()
        yield from self._bus()
        yield from self._mail()
        yield from self._data_exports()
        yield from self._domain_events()
        yield from self._pruning()
        yield gauge(
            "convene_file_descriptors_short",
            "1 while nearly all file descriptors are in use, else 0.",
            int(self._sources.file_descriptors.is_short),
        )
        yield counter(
            "convene_file_descriptor_shortages",
            "Times that file descriptors ran short.",
            self._sources.file_descriptors.shortages,
        )
        yield from self._conversation_requests()
        yield from self._moderation_actions()
        yield from self._moderation_backlog()
        yield from self._event_reminders()
        yield from self._black_boxes()

    def _http_connections(self) -> Iterator[Metric]:
        connections = self._sources.http.connections.statistics()
        yield gauge("convene_http_connections", "Open HTTP connections.", connections.connections)
        yield counter(
            "convene_http_connections_rejected",
            "HTTP connections rejected by a limit of connections.",
            connections.rejected,
        )
        yield gauge(
            "convene_http_expensive_requests_waiting",
            "Expensive requests that wait because the sum of the costs of those in progress is at its limit.",
            self._sources.http.concurrency.waiting,
        )

    def _passwords(self) -> Iterator[Metric]:
        passwords = self._sources.passwords()
        yield gauge("convene_password_hashes_running", "Passwords being hashed.", passwords.running)
        yield gauge(
            "convene_password_hashes_waiting", "Passwords waiting for a hashing thread.", passwords.waiting
        )
        yield counter(
            "convene_password_hashes_refused",
            "Requests refused because too many passwords were waiting.",
            passwords.refused,
        )

    def _deliveries(self) -> Iterator[Metric]:
        yield labelled_histogram(
            "convene_delivery_duration_seconds",
            "Time from the storage of an entry to its write to the transports of a room's clients, by the "
            "instance that stored it; one measurement per write. Entries that filled a gap are not included. "
            "`remote` depends on the clocks of both machines.",
            "stored_on",
            self._sources.deliveries(),
        )
        resumes = CounterMetricFamily(
            "convene_resumes",
            "Resumptions of clients: `resumed`, or the reason of the `resync` that they got instead.",
            labels=["outcome"],
        )
        for outcome, count in self._sources.resumes().items():
            resumes.add_metric([outcome], count)
        yield resumes

    def _connections(self) -> Iterator[Metric]:
        connections = self._sources.connections()
        online_users = self._sources.online_users()
        yield gauge("convene_connections", "Open websocket connections.", connections.connections)
        yield gauge(
            "convene_connections_unauthenticated",
            "Open websocket connections that have not authenticated.",
            connections.unauthenticated,
        )
        yield counter("convene_connections_opened", "Websocket connections opened.", connections.opened)
        yield counter(
            "convene_connections_rejected",
            "Websocket connections rejected by a limit before the upgrade.",
            connections.rejected,
        )
        yield counter(
            "convene_frames_shed",
            "Frames dropped from the send queues of slow clients.",
            connections.shed_frames,
        )
        yield gauge("convene_send_queue_bytes", "Bytes waiting in all send queues.", connections.queued_bytes)
        yield gauge(
            "convene_send_queue_bytes_max",
            "Bytes waiting in the fullest send queue.",
            connections.queued_bytes_max,
        )
        closes = CounterMetricFamily(
            "convene_connections_closed",
            "Connections closed by the server, by close code; closes by clients are not counted.",
            labels=["code"],
        )
        for code, count in connections.closes.items():
            closes.add_metric([str(code)], count)
        yield closes
        yield gauge("convene_users_online", "Users connected to this instance.", online_users.users)
        yield gauge("convene_sessions", "Authenticated sessions.", online_users.sessions)
        yield counter(
            "convene_resyncs",
            "Resync events sent, after which clients reload their state.",
            online_users.resyncs,
        )

        commands = CounterMetricFamily(
            "convene_commands", "Commands of authenticated clients, by type.", labels=["type"]
        )
        counts = self._sources.command_counts()
        for registration in REGISTRATIONS.values():
            commands.add_metric([registration.frame_type], counts.get(registration.frame_type, 0))
        yield commands

    def _conversations(self) -> Iterator[Metric]:
        actors = self._sources.conversations()
        rooms = self._sources.rooms()
        yield gauge("convene_conversations_active", "Conversation actors in memory.", actors.active)
        yield counter(
            "convene_conversation_activations", "Conversation actors activated.", actors.activations
        )
        yield counter(
            "convene_conversation_restarts", "Conversation actors restarted after a crash.", actors.restarts
        )
        yield gauge(
            "convene_conversations_quarantined",
            "Conversation actors stopped after repeated crashes.",
            actors.quarantined,
        )
        yield gauge(
            "convene_mailbox_messages",
            "Messages waiting in all conversation mailboxes.",
            actors.mailbox_depth,
        )
        yield gauge(
            "convene_mailbox_messages_max",
            "Messages waiting in the fullest conversation mailbox.",
            actors.mailbox_depth_max,
        )
        unstored = self._sources.unstored_commands()
        yield gauge(
            "convene_conversation_queue_commands",
            "Messages and changes that wait to be stored, of all conversations.",
            sum(unstored),
        )
        yield gauge(
            "convene_conversation_queue_commands_max",
            "Messages and changes that wait to be stored, of the conversation with the most.",
            max(unstored, default=0),
        )
        yield gauge("convene_rooms", "Conversations with a member connected to this instance.", rooms.rooms)
        yield counter(
            "convene_room_repairs", "Gaps in the entries of rooms repaired from the log.", rooms.repairs
        )
        yield counter(
            "convene_room_repaired_entries",
            "Entries read from the log to repair gaps.",
            rooms.repaired_entries,
        )

    def _log(self) -> Iterator[Metric]:
        log = self._sources.log_writer()
        commands, effects = self._sources.commands(), self._sources.pending_effects()
        yield gauge(
            "convene_commands_unanswered", "Messages and changes without an answer.", commands.unanswered
        )
        yield gauge(
            "convene_commands_oldest_seconds",
            "Time for which the oldest of them has been waiting; above 5 s the instance is not ready.",
            commands.oldest_age_s,
        )
        yield counter(
            "convene_commands_overdue",
            "Messages and changes refused because they were not stored in time.",
            commands.overdue,
        )
        yield gauge(
            "convene_pending_effects",
            "Recorded notifications of mentions and memberships that are not complete.",
            effects.pending,
        )
        yield gauge(
            "convene_pending_effects_oldest_seconds",
            "Time since the oldest pending effect was first seen.",
            effects.oldest_age_s,
        )
        yield counter("convene_log_entries", "Log entries stored.", log.entries)
        yield counter(
            "convene_log_attempted_entries",
            "Log entries sent to the store, retried and rejected ones included.",
            log.attempted_entries,
        )
        yield gauge("convene_log_entries_pending", "Log entries waiting for a batch.", log.waiting_entries)
        yield gauge("convene_log_batches_in_flight", "Log batches being written.", log.writes_in_flight)
        yield counter(
            "convene_log_seq_conflicts",
            "Appends rejected because another instance took the seq.",
            log.refusals,
        )
        yield counter("convene_log_batch_retries", "Log batches retried.", log.retries)
        yield histogram("convene_log_batch_entries", "Log entries per batch.", log.entries_per_write)
        yield histogram("convene_log_batch_seconds", "Time until a log batch is durable.", log.write_seconds)

    def _bus(self) -> Iterator[Metric]:
        bus = self._sources.bus()
        yield gauge("convene_bus_connected", "1 if the bus is connected, else 0.", int(bus.connected))
        yield gauge("convene_bus_subscriptions", "Topics subscribed to.", bus.topics)
        yield gauge("convene_bus_messages_pending", "Bus messages waiting to be published.", bus.waiting)
        yield counter("convene_bus_messages_published", "Bus messages published.", bus.published)
        yield counter("convene_bus_messages_received", "Bus messages received.", bus.received)
        yield counter(
            "convene_bus_messages_dropped",
            "Bus messages dropped; receivers repair the gap from the log.",
            bus.dropped,
        )
        yield counter(
            "convene_bus_messages_malformed",
            "Bus messages that could not be decoded and were ignored.",
            self._sources.malformed_bus_messages(),
        )
        yield counter("convene_bus_reconnects", "Reconnects to the bus.", bus.reconnects)
        yield gauge(
            "convene_bus_round_trip_seconds",
            "Time from publishing a probe to receiving it.",
            bus.lag_ms / 1000,
        )

    def _moderation_backlog(self) -> Iterator[Metric]:
        if self._sources.moderation_backlog is None:
            return
        backlog = self._sources.moderation_backlog()
        reports = GaugeMetricFamily(
            "convene_reports_open",
            "Open reports, at the last look; the same on all instances.",
            labels=["assigned"],
        )
        reports.add_metric(["yes"], backlog.reports.open - backlog.reports.unassigned)
        reports.add_metric(["no"], backlog.reports.unassigned)
        yield reports
        yield gauge(
            "convene_reports_open_oldest_seconds",
            "Age of the oldest open report, at the last look; 0 without one.",
            backlog.reports.oldest_s,
        )
        yield gauge("convene_appeals_open", "Unanswered appeals, at the last look.", backlog.appeals.open)
        yield gauge(
            "convene_appeals_open_oldest_seconds",
            "Age of the oldest unanswered appeal, at the last look; 0 without one.",
            backlog.appeals.oldest_s,
        )

    def _event_reminders(self) -> Iterator[Metric]:
        if self._sources.event_reminders is None:
            return
        reminders = self._sources.event_reminders()
        yield counter(
            "convene_event_reminders", "Reminders of events published by this instance.", reminders.published
        )
        yield gauge(
            "convene_event_reminders_overdue_seconds",
            "Time for which the oldest reminder that was not published had been due, at the last look.",
            reminders.overdue_s,
        )

    def _domain_events(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "convene_domain_event_lag_seconds",
            "Age of the oldest domain event not handled yet.",
            labels=["consumer"],
        )
        handled = CounterMetricFamily(
            "convene_domain_events_handled", "Domain events handled.", labels=["consumer"]
        )
        dead_lettered = CounterMetricFamily(
            "convene_domain_events_dead_lettered",
            "Domain events moved to the dead letters.",
            labels=["consumer"],
        )
        for reader in self._sources.domain_events():
            lag.add_metric([reader.consumer], reader.lag_s)
            handled.add_metric([reader.consumer], reader.handled)
            dead_lettered.add_metric([reader.consumer], reader.dead_lettered)
        yield from (lag, handled, dead_lettered)

    def _pruning(self) -> Iterator[Metric]:
        pruning = self._sources.pruning()
        rows = CounterMetricFamily(
            "convene_pruned_rows",
            "Rows past their retention that this instance deleted.",
            labels=["table"],
        )
        for table, count in pruning.rows.items():
            rows.add_metric([table], count)
        yield rows
        yield gauge(
            "convene_pruning_completed_time_seconds",
            "Unix time at which this instance last pruned all tables; 0 if another instance does.",
            pruning.completed_at_s,
        )

    def _conversation_requests(self) -> Iterator[Metric]:
        if self._sources.conversation_requests is None:
            return
        counts = CounterMetricFamily(
            "convene_conversation_requests",
            "Requests to join a conversation, by outcome. `unseen`: the recipient accepts none or has too "
            "many, or was asked before; `limited`: refused with `rate.limited`.",
            labels=["outcome"],
        )
        for outcome, count in msgspec.structs.asdict(self._sources.conversation_requests()).items():
            counts.add_metric([outcome], count)
        yield counts

    def _moderation_actions(self) -> Iterator[Metric]:
        if self._sources.moderation_actions is None:
            return
        counts = CounterMetricFamily(
            "convene_moderation_actions",
            "Actions of moderators on this instance, by type.",
            labels=["type"],
        )
        for type_, count in self._sources.moderation_actions().items():
            counts.add_metric([type_], count)
        yield counts

    def _black_boxes(self) -> Iterator[Metric]:
        names = {
            "boxes": "Sessions or conversations whose last events are kept for operators.",
            "events": "Events kept of them.",
            "bytes": "Estimated bytes of these events.",
        }
        statistics = self._sources.black_boxes()
        for name, text in names.items():
            family = GaugeMetricFamily(
                f"convene_black_box{'es' if name == 'boxes' else '_' + name}", text, labels=["kind"]
            )
            for kind, boxes in statistics.items():
                family.add_metric([kind], getattr(boxes, name))
            yield family
        evicted = CounterMetricFamily(
            "convene_black_boxes_evicted", "Black boxes removed by a limit.", labels=["kind"]
        )
        for kind, boxes in statistics.items():
            evicted.add_metric([kind], boxes.evicted)
        yield evicted

    def _data_exports(self) -> Iterator[Metric]:
        if self._sources.data_exports is None:
            return
        exports = self._sources.data_exports()
        yield counter("convene_data_exports_made", "Data exports that this instance made.", exports.made)
        yield counter(
            "convene_data_exports_failed", "Data exports that this instance gave up.", exports.failed
        )
        yield gauge(
            "convene_data_exports_pending",
            "Data exports that all instances still have to make.",
            exports.backlog.pending,
        )
        yield gauge(
            "convene_data_exports_oldest_pending_seconds",
            "Age of the oldest pending data export.",
            exports.backlog.oldest_s,
        )

    def _mail(self) -> Iterator[Metric]:
        if self._sources.mail is None:
            return
        mail = self._sources.mail()
        yield gauge("convene_mails_pending", "E-mails waiting or being sent.", mail.pending)
        yield counter("convene_mails_sent", "E-mails accepted by the SMTP server.", mail.sent)
        yield counter("convene_mail_retries", "E-mail deliveries scheduled for a retry.", mail.retries)
        yield counter("convene_mails_failed", "E-mails given up.", mail.failed)
        yield counter("convene_mails_dropped", "E-mails dropped because the queue was full.", mail.dropped)
        yield counter(
            "convene_mails_withheld",
            "E-mails not sent because their address got enough.",
            self._sources.mails_withheld(),
        )
        yield counter(
            "convene_password_tries_refused",
            "Logins and password confirmations refused after too many for the account.",
            self._sources.password_tries_refused(),
        )


def create_metrics_registry(sources: MetricSources) -> CollectorRegistry:
    """Return a registry with the server's, the process's and the garbage collector's metrics."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(GC_COLLECTOR)
    registry.register(PLATFORM_COLLECTOR)
    registry.register(ServerCollector(sources))
    registry.register(sources.http.requests)
    registry.register(StoreCollector(sources.store_pools))
    return registry

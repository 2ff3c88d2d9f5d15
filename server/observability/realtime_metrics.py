"""Exports the statistics of the core: connections, conversations, the message log and the bus."""

from collections.abc import Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from actors.sessions.command_registry import REGISTRATIONS
from server.observability.metric_families import counter, gauge, histogram, labelled_histogram
from server.observability.metric_sources import MetricSources


class RealtimeCollector(Collector):
    """Metrics of connections, conversations, deliveries, the message log and the bus."""

    def __init__(self, sources: MetricSources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        yield from self._connections()
        yield from self._conversations()
        yield from self._deliveries()
        yield from self._log()
        yield from self._bus()
        yield from self._black_boxes()

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
        yield gauge(
            "convene_posts_watched",
            "Posts whose counts clients of this instance watch.",
            self._sources.posts_watched(),
        )
        yield counter(
            "convene_room_repairs", "Gaps in the entries of rooms repaired from the log.", rooms.repairs
        )
        yield counter(
            "convene_room_repaired_entries",
            "Entries read from the log to repair gaps.",
            rooms.repaired_entries,
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

    def _log(self) -> Iterator[Metric]:
        log = self._sources.log_writer()
        commands, effects = self._sources.commands(), self._sources.pending_effects()
        yield gauge(
            "convene_commands_unanswered", "Messages and changes without an answer.", commands.unanswered
        )
        yield gauge(
            "convene_commands_oldest_seconds",
            "Time for which the oldest message or change has waited; above 5 s the instance is not ready.",
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
        yield gauge("convene_log_entries_pending", "Log entries waiting for a write.", log.waiting_entries)
        yield gauge("convene_log_batches_in_flight", "Writes to the log in progress.", log.writes_in_flight)
        yield counter(
            "convene_log_seq_conflicts",
            "Appends rejected because the seq is taken, or the entry is stored already.",
            log.refusals,
        )
        yield counter("convene_log_batch_retries", "Writes to the log retried.", log.retries)
        yield histogram("convene_log_batch_entries", "Log entries per write.", log.entries_per_write)
        yield histogram(
            "convene_log_batch_seconds", "Time until a write to the log is durable.", log.write_seconds
        )

    def _bus(self) -> Iterator[Metric]:
        bus = self._sources.bus()
        yield gauge("convene_bus_connected", "1 if the bus is connected, else 0.", int(bus.connected))
        yield gauge("convene_bus_subscriptions", "Topics subscribed to.", bus.topics)
        yield gauge(
            "convene_bus_messages_pending", "Bus messages that the broker has not acknowledged.", bus.waiting
        )
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

    def _black_boxes(self) -> Iterator[Metric]:
        names = {
            "boxes": "Sessions or conversations whose last events are kept for operators.",
            "events": "Events kept in black boxes.",
            "bytes": "Estimated bytes of the events in black boxes.",
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

"""What the parts of the server count, as Prometheus metrics. Read when asked; nothing is counted twice.

It never adds a label that grows with users or conversations.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from actors.conversations.log_writer import LogWriterStatistics
from actors.delivery.rooms import RoomsStatistics
from actors.domain_events.reader import ReaderStatistics
from actors.mail.mail_queue import MailQueueStatistics
from actors.runtime.histogram import HistogramStatistics
from actors.runtime.registry import RegistryStatistics
from actors.sessions.online_users import OnlineUsersStatistics
from server.websocket.connection_manager import ConnectionStatistics
from storage.contracts.bus import BusStatistics


class MetricSources:
    """Where each number comes from."""

    def __init__(
        self,
        connections: Callable[[], ConnectionStatistics],
        online_users: Callable[[], OnlineUsersStatistics],
        rooms: Callable[[], RoomsStatistics],
        conversations: Callable[[], RegistryStatistics],
        log_writer: Callable[[], LogWriterStatistics],
        bus: Callable[[], BusStatistics],
        loop_lag_s: Callable[[], float],
        mail: Callable[[], MailQueueStatistics] | None = None,
        domain_events: Callable[[], Sequence[ReaderStatistics]] = list,
    ) -> None:
        self.connections = connections
        self.online_users = online_users
        self.rooms = rooms
        self.conversations = conversations
        self.log_writer = log_writer
        self.bus = bus
        self.loop_lag_s = loop_lag_s
        self.mail = mail
        self.domain_events = domain_events


class ServerCollector(Collector):
    def __init__(self, sources: MetricSources) -> None:
        self._sources = sources
        self._started_at = time.time()

    def collect(self) -> Iterator[Metric]:
        yield _gauge("convene_start_time_seconds", "When this instance started.", self._started_at)
        yield _gauge(
            "convene_event_loop_lag_seconds", "How late a timer was last.", self._sources.loop_lag_s()
        )
        yield from self._connections()
        yield from self._conversations()
        yield from self._log()
        yield from self._bus()
        yield from self._mail()
        yield from self._domain_events()

    def _connections(self) -> Iterator[Metric]:
        door = self._sources.connections()
        directory = self._sources.online_users()
        yield _gauge("convene_connections", "Open sockets.", door.connections)
        yield _gauge(
            "convene_connections_unauthenticated", "Open sockets of strangers.", door.unauthenticated
        )
        yield _counter("convene_connections_opened", "Sockets opened.", door.opened)
        yield _counter("convene_connections_rejected", "Sockets refused at the door.", door.rejected)
        yield _counter(
            "convene_frames_shed",
            "Frames spared to slow clients.",
            door.shed_frames,
        )
        yield _gauge("convene_send_queue_bytes", "Bytes that wait for slow clients.", door.queued_bytes)
        closes = CounterMetricFamily(
            "convene_connections_closed", "Sockets closed by the server.", labels=["code"]
        )
        for code, count in door.closes.items():
            closes.add_metric([str(code)], count)
        yield closes
        yield _gauge("convene_users_online", "Users with a socket here.", directory.users)
        yield _gauge("convene_sessions", "Authenticated sockets.", directory.sessions)
        yield _counter("convene_resyncs", "Users told to read their state anew.", directory.resyncs)

    def _conversations(self) -> Iterator[Metric]:
        actors = self._sources.conversations()
        rooms = self._sources.rooms()
        yield _gauge("convene_conversations_active", "Conversations awake.", actors.active)
        yield _counter("convene_conversation_activations", "Conversations woken.", actors.activations)
        yield _counter(
            "convene_conversation_restarts", "Conversations restarted after a crash.", actors.restarts
        )
        yield _gauge(
            "convene_conversations_quarantined", "Conversations kept from restarting.", actors.quarantined
        )
        yield _gauge("convene_mailbox_messages", "Letters waiting, all mailboxes.", actors.mailbox_depth)
        yield _gauge(
            "convene_mailbox_messages_max", "Letters waiting, the fullest.", actors.mailbox_depth_max
        )
        yield _gauge("convene_rooms", "Conversations with a member online here.", rooms.rooms)
        yield _counter("convene_room_repairs", "Gaps filled from the log.", rooms.repairs)
        yield _counter("convene_room_repaired_entries", "Entries fetched for gaps.", rooms.repaired_entries)

    def _log(self) -> Iterator[Metric]:
        log = self._sources.log_writer()
        yield _counter("convene_log_entries", "Entries stored.", log.entries)
        yield _gauge("convene_log_entries_pending", "Entries waiting for a batch.", log.waiting_entries)
        yield _gauge("convene_log_batches_in_flight", "Batches under way.", log.writes_in_flight)
        yield _counter("convene_log_seq_conflicts", "Runs refused by a unique index.", log.refusals)
        yield _counter("convene_log_batch_retries", "Batches sent again.", log.retries)
        yield _histogram("convene_log_batch_entries", "Entries of a batch.", log.entries_per_write)
        yield _histogram("convene_log_batch_seconds", "From handing over to durable.", log.write_seconds)

    def _bus(self) -> Iterator[Metric]:
        bus = self._sources.bus()
        yield _gauge("convene_bus_connected", "1 while the bus is there.", int(bus.connected))
        yield _gauge("convene_bus_subscriptions", "Topics listened to.", bus.topics)
        yield _gauge("convene_bus_frames_pending", "Frames waiting to be published.", bus.waiting)
        yield _counter("convene_bus_frames_published", "Frames published.", bus.published)
        yield _counter("convene_bus_frames_received", "Frames heard.", bus.received)
        yield _counter(
            "convene_bus_frames_dropped", "Frames dropped; receivers find them in the log.", bus.dropped
        )
        yield _counter("convene_bus_reconnects", "Connections to the bus made anew.", bus.reconnects)
        yield _gauge(
            "convene_bus_round_trip_seconds", "From publishing to hearing one's own probe.", bus.lag_ms / 1000
        )

    def _domain_events(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "convene_domain_event_lag_seconds", "Age of the oldest event not taken in.", labels=["consumer"]
        )
        taken = CounterMetricFamily("convene_domain_events_handled", "Events taken in.", labels=["consumer"])
        buried = CounterMetricFamily(
            "convene_domain_events_dead_lettered", "Events buried.", labels=["consumer"]
        )
        for reader in self._sources.domain_events():
            lag.add_metric([reader.consumer], reader.lag_s)
            taken.add_metric([reader.consumer], reader.handled)
            buried.add_metric([reader.consumer], reader.dead_lettered)
        yield from (lag, taken, buried)

    def _mail(self) -> Iterator[Metric]:
        if self._sources.mail is None:
            return
        mail = self._sources.mail()
        yield _gauge("convene_mails_pending", "Mails on their way out.", mail.pending)
        yield _counter("convene_mails_sent", "Mails that another server has taken.", mail.sent)
        yield _counter("convene_mail_retries", "Mails that were to be tried again.", mail.retries)
        yield _counter("convene_mails_failed", "Mails given up.", mail.failed)
        yield _counter("convene_mails_dropped", "Mails dropped because too many waited.", mail.shed)


def create_metrics_registry(sources: MetricSources) -> CollectorRegistry:
    """A registry with the server's numbers and those of its process."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(GC_COLLECTOR)
    registry.register(PLATFORM_COLLECTOR)
    registry.register(ServerCollector(sources))
    return registry


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def _counter(name: str, help_text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, help_text, value=value)


def _histogram(name: str, help_text: str, histogram: HistogramStatistics) -> HistogramMetricFamily:
    return HistogramMetricFamily(
        name, help_text, buckets=list(_cumulative_buckets(histogram)), sum_value=histogram.total
    )


def _cumulative_buckets(histogram: HistogramStatistics) -> Iterable[tuple[str, float]]:
    below = 0
    for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
        below += count
        yield ("+Inf" if bound == float("inf") else str(bound)), below

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
from actors.mail.postbox import MailQueueStatistics
from actors.runtime.histogram import HistogramStatistics
from actors.runtime.registry import RegistryStatistics
from actors.sessions.online_users import OnlineUsersStatistics
from actors.sync.reader import ReaderStatistics
from server.socket.door import DoorStatistics
from storage.contracts.bus import BusStatistics


class Sources:
    """Where each number comes from."""

    def __init__(
        self,
        door: Callable[[], DoorStatistics],
        online_users: Callable[[], OnlineUsersStatistics],
        rooms: Callable[[], RoomsStatistics],
        conversations: Callable[[], RegistryStatistics],
        log: Callable[[], LogWriterStatistics],
        bus: Callable[[], BusStatistics],
        loop_lag_s: Callable[[], float],
        mail: Callable[[], MailQueueStatistics] | None = None,
        sync: Callable[[], Sequence[ReaderStatistics]] = list,
    ) -> None:
        self.door = door
        self.online_users = online_users
        self.rooms = rooms
        self.conversations = conversations
        self.log = log
        self.bus = bus
        self.loop_lag_s = loop_lag_s
        self.mail = mail
        self.sync = sync


class ServerCollector(Collector):
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._began = time.time()

    def collect(self) -> Iterator[Metric]:
        yield _gauge("convene_started_seconds", "When this instance started.", self._began)
        yield _gauge("convene_loop_lag_seconds", "How late a timer was last.", self._sources.loop_lag_s())
        yield from self._sockets()
        yield from self._actors()
        yield from self._log()
        yield from self._bus()
        yield from self._mail()
        yield from self._sync()

    def _sockets(self) -> Iterator[Metric]:
        door = self._sources.door()
        directory = self._sources.online_users()
        yield _gauge("convene_connections", "Open sockets.", door.sockets)
        yield _gauge("convene_connections_unauthenticated", "Open sockets of strangers.", door.strangers)
        yield _counter("convene_connections_opened", "Sockets opened.", door.opened)
        yield _counter("convene_connections_refused", "Sockets refused at the door.", door.refused)
        yield _counter(
            "convene_frames_shed",
            "Frames spared to slow clients.",
            door.shed_frames,
        )
        yield _gauge("convene_outbox_bytes", "Bytes that wait for slow clients.", door.held_bytes)
        closes = CounterMetricFamily("convene_closes", "Sockets closed by the server.", labels=["code"])
        for code, count in door.closes.items():
            closes.add_metric([str(code)], count)
        yield closes
        yield _gauge("convene_people", "Users with a socket here.", directory.users)
        yield _gauge("convene_sessions", "Authenticated sockets.", directory.sessions)
        yield _counter("convene_resyncs", "Users told to read their state anew.", directory.resyncs)

    def _actors(self) -> Iterator[Metric]:
        actors = self._sources.conversations()
        rooms = self._sources.rooms()
        yield _gauge("convene_actors", "Conversations awake.", actors.active)
        yield _counter("convene_actors_woken", "Conversations woken.", actors.activations)
        yield _counter("convene_actor_restarts", "Conversations restarted after a crash.", actors.restarts)
        yield _gauge("convene_actors_quarantined", "Conversations kept from restarting.", actors.quarantined)
        yield _gauge("convene_mailbox_depth", "Letters waiting, all mailboxes.", actors.mailbox_depth)
        yield _gauge("convene_mailbox_depth_max", "Letters waiting, the fullest.", actors.mailbox_depth_max)
        yield _gauge("convene_rooms", "Conversations with a member online here.", rooms.rooms)
        yield _counter("convene_room_repairs", "Gaps filled from the log.", rooms.repairs)
        yield _counter("convene_room_repaired_entries", "Entries fetched for gaps.", rooms.repaired_entries)

    def _log(self) -> Iterator[Metric]:
        log = self._sources.log()
        yield _counter("convene_log_entries", "Entries stored.", log.entries)
        yield _gauge("convene_log_waiting", "Entries waiting for a batch.", log.waiting_entries)
        yield _gauge("convene_log_batches_in_flight", "Batches under way.", log.writes_in_flight)
        yield _counter("convene_log_refusals", "Runs refused by a unique index.", log.refusals)
        yield _counter("convene_log_retries", "Batches sent again.", log.retries)
        yield _histogram("convene_log_batch_entries", "Entries of a batch.", log.entries_per_write)
        yield _histogram("convene_log_batch_seconds", "From handing over to durable.", log.write_seconds)

    def _bus(self) -> Iterator[Metric]:
        bus = self._sources.bus()
        yield _gauge("convene_bus_connected", "1 while the bus is there.", int(bus.connected))
        yield _gauge("convene_bus_topics", "Topics listened to.", bus.topics)
        yield _gauge("convene_bus_waiting", "Frames waiting to be published.", bus.waiting)
        yield _counter("convene_bus_published", "Frames published.", bus.published)
        yield _counter("convene_bus_received", "Frames heard.", bus.received)
        yield _counter("convene_bus_dropped", "Frames dropped; receivers find them in the log.", bus.dropped)
        yield _counter("convene_bus_reconnects", "Connections to the bus made anew.", bus.reconnects)
        yield _gauge(
            "convene_bus_lag_seconds", "From publishing to hearing one's own probe.", bus.lag_ms / 1000
        )

    def _sync(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "convene_sync_lag_seconds", "Age of the oldest event not taken in.", labels=["consumer"]
        )
        taken = CounterMetricFamily("convene_sync_events", "Events taken in.", labels=["consumer"])
        buried = CounterMetricFamily("convene_sync_dead_letters", "Events buried.", labels=["consumer"])
        for reader in self._sources.sync():
            lag.add_metric([reader.consumer], reader.lag_s)
            taken.add_metric([reader.consumer], reader.handled)
            buried.add_metric([reader.consumer], reader.dead_lettered)
        yield from (lag, taken, buried)

    def _mail(self) -> Iterator[Metric]:
        if self._sources.mail is None:
            return
        mail = self._sources.mail()
        yield _gauge("convene_mails_waiting", "Mails on their way out.", mail.pending)
        yield _counter("convene_mails_sent", "Mails that another server has taken.", mail.sent)
        yield _counter("convene_mail_retries", "Mails that were to be tried again.", mail.retries)
        yield _counter("convene_mails_failed", "Mails given up.", mail.failed)
        yield _counter("convene_mails_shed", "Mails dropped because too many waited.", mail.shed)


def metrics_registry(sources: Sources) -> CollectorRegistry:
    """A registry with the server's numbers and those of its process."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(GC_COLLECTOR)
    registry.register(PLATFORM_COLLECTOR)
    registry.register(ServerCollector(sources))
    return registry


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, value=value)


def _histogram(name: str, text: str, found: HistogramStatistics) -> HistogramMetricFamily:
    return HistogramMetricFamily(name, text, buckets=list(_buckets(found)), sum_value=found.total)


def _buckets(found: HistogramStatistics) -> Iterable[tuple[str, float]]:
    below = 0
    for bound, count in zip((*found.bounds, float("inf")), found.counts, strict=True):
        below += count
        yield ("+Inf" if bound == float("inf") else str(bound)), below

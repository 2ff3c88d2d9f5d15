"""The numbers of an instance for its overview, and its plots of the last hour."""

import time
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry

from actors.diagnostics.queries import InstanceOverview
from server.observability.health import Health
from server.observability.metric_sources import MetricSources
from server.ops.alerts import Alert, evaluate
from server.ops.html import Content, Markup, element, format_time, join, table
from server.ops.plots import format_value, plot
from server.ops.samples import Sample, SampleRing, quantile_of
from storage.outages import outage_statistics
from storage.store_calls import call_statistics

MILLISECONDS = 1000
PLOTS_OF_RATES: Sequence[tuple[str, Callable[[Sample], float]]] = (
    ("Commands of clients", lambda sample: sample.commands),
    ("Log entries stored", lambda sample: sample.log_entries),
    ("Frames shed", lambda sample: sample.frames_shed),
)


class Overview:
    """Reads the statistics of one process."""

    def __init__(
        self,
        instance: str,
        sources: MetricSources,
        registry: CollectorRegistry,
        health: Health,
        samples: SampleRing,
    ) -> None:
        self._instance = instance
        self._sources = sources
        self._registry = registry
        self._health = health
        self._samples = samples
        self._started_at_s = time.time()

    def read(self) -> InstanceOverview:
        """Return the state of this instance for the table of instances, on any of them."""
        sources = self._sources
        connections, users = sources.connections(), sources.online_users()
        actors, bus = sources.conversations(), sources.bus()
        readiness = self._health.last_readiness
        return InstanceOverview(
            instance=self._instance,
            version=sources.version,
            started_at_s=self._started_at_s,
            connections=connections.connections,
            users=users.users,
            sessions=users.sessions,
            conversations=actors.active,
            rooms=sources.rooms().rooms,
            mailbox_messages=actors.mailbox_depth,
            log_entries=sources.log_writer().entries,
            queued_bytes=connections.queued_bytes,
            loop_lag_s=sources.loop_lag_s(),
            bus_is_connected=bus.connected,
            bus_round_trip_s=bus.lag_ms / MILLISECONDS,
            is_ready=readiness is None or readiness.ready,
        )

    async def alerts(self) -> list[Alert]:
        """Return the conditions of alerts that hold now."""
        self._health.last_readiness = await self._health.readiness()
        return evaluate(self._registry.collect())

    async def sections(self) -> list[Markup]:
        """Return the sections of this instance for its page."""
        alerts = await self.alerts()
        readiness = self._health.last_readiness
        checks = sorted(readiness.checks.items()) if readiness is not None else []
        return [
            table(
                "Alerts: conditions that hold now",
                ("alert", "condition", "labels", "value"),
                [
                    (element("span", alert.name, class_="bad"), alert.expression, alert.labels, alert.value)
                    for alert in alerts
                ],
            ),
            table(
                "Latencies and sizes since the start", ("what", "count", "median", "p99"), self._latencies()
            ),
            table("Counters and queues", ("what", "value"), self._counters()),
            table("Lags of domain events", ("consumer", "lag in s", "handled", "dead letters"), self._lags()),
            table("Checks of readiness", ("check", "result"), checks),
            table("Stores", ("store", "pool", "connections", "in use", "at most", "waiting"), self._pools()),
            table("Outages of stores", ("store", "failed calls", "now"), self._outages()),
            element("h2", "The last hour of this instance"),
            element("div", join(self._plots()), class_="plots"),
        ]

    def _latencies(self) -> Iterator[Sequence[Content]]:
        log = self._sources.log_writer()
        yield (
            "entries per write to the log",
            log.entries_per_write.count,
            *(f"{quantile_of(log.entries_per_write, fraction):g}" for fraction in (0.5, 0.99)),
        )
        timed = {"write to the log": log.write_seconds}
        for where, statistics in self._sources.deliveries().items():
            timed[f"delivery of entries stored on {where} instance"] = statistics
        for store, statistics in call_statistics().items():
            timed[f"call to {store}"] = statistics
        for name, statistics in timed.items():
            quantiles = (quantile_of(statistics, fraction) * MILLISECONDS for fraction in (0.5, 0.99))
            yield name, statistics.count, *(f"at most {value:g} ms" for value in quantiles)

    def _counters(self) -> Iterator[Sequence[Content]]:
        sources = self._sources
        connections, bus = sources.connections(), sources.bus()
        commands, effects = sources.commands(), sources.pending_effects()
        yield "frames shed to slow clients", connections.shed_frames
        yield "bytes in the fullest send queue", connections.queued_bytes_max
        yield "commands without an answer", commands.unanswered
        yield "commands overdue", commands.overdue
        yield "pending effects", effects.pending
        yield "gaps of rooms repaired from the log", sources.rooms().repairs
        yield "bus messages published", bus.published
        yield "bus messages received", bus.received
        yield "bus messages dropped", bus.dropped
        yield "reconnects to the bus", bus.reconnects
        for outcome, count in sources.resumes().items():
            yield f"resumptions: {outcome}", count
        for code, count in sorted(connections.closes.items()):
            yield f"connections closed with {code}", count
        for kind, boxes in sources.black_boxes().items():
            yield (
                f"black boxes of {kind}",
                f"{boxes.boxes}, {boxes.events} events, {format_value(boxes.bytes)}B",
            )

    def _lags(self) -> Iterator[Sequence[Content]]:
        for reader in self._sources.domain_events():
            yield reader.consumer, f"{reader.lag_s:.1f}", reader.handled, reader.dead_lettered

    def _pools(self) -> Iterator[Sequence[Content]]:
        for pool in self._sources.store_pools():
            yield pool.store, pool.pool, pool.connections, pool.in_use, pool.connections_max, pool.waiting

    def _outages(self) -> Iterator[Sequence[Content]]:
        for outage in outage_statistics():
            if outage.failed_calls:
                yield outage.store, outage.failed_calls, "unavailable" if outage.unavailable else "available"

    def _plots(self) -> Iterator[Markup]:
        samples = self._samples
        samples.take()
        yield plot("Connections", "", samples.values(lambda sample: sample.connections))
        for title, read in PLOTS_OF_RATES:
            yield plot(title, "/s", samples.rates(read))
        yield plot("Entries per write to the log", "", samples.batch_sizes())
        writes = samples.quantiles("write", lambda sample: sample.write_counts)
        yield plot("Write to the log, p99", " ms", _to_ms(writes))
        deliveries = samples.quantiles("delivery", lambda sample: sample.delivery_counts)
        yield plot("Delivery, p99", " ms", _to_ms(deliveries))
        yield plot("Bytes in send queues", "B", samples.values(lambda sample: sample.queued_bytes))
        yield plot("Event loop lag", " ms", _to_ms(samples.values(lambda sample: sample.loop_lag_s)))
        yield plot("Bus round trip", " ms", _to_ms(samples.values(lambda sample: sample.bus_round_trip_s)))


def instance_row(overview: InstanceOverview) -> tuple[Content, ...]:
    """Return a row for `INSTANCE_COLUMNS`."""
    return (
        overview.instance,
        overview.version,
        format_time(overview.started_at_s),
        "ready" if overview.is_ready else element("span", "not ready", class_="bad"),
        overview.connections,
        overview.users,
        overview.conversations,
        overview.rooms,
        overview.mailbox_messages,
        overview.log_entries,
        overview.queued_bytes,
        f"{overview.loop_lag_s * MILLISECONDS:.1f}",
        f"{overview.bus_round_trip_s * MILLISECONDS:.1f}"
        if overview.bus_is_connected
        else element("span", "not connected", class_="bad"),
    )


INSTANCE_COLUMNS = (
    *("instance", "version", "started (UTC)", "state", "connections", "users", "conversations", "rooms"),
    *("in mailboxes", "entries stored", "bytes queued", "loop lag ms", "bus ms"),
)


def _to_ms(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(at_s, value * MILLISECONDS) for at_s, value in points]

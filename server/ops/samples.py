"""The last hour of an instance: one sample per 10 seconds, in memory."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import msgspec

from actors.runtime.timer_wheel import Timer, TimerWheel
from server.observability.metric_sources import MetricSources
from storage.histogram import HistogramStatistics

PERIOD_S: Final = 10.0
SAMPLES_MAX: Final = 360
QUANTILE: Final = 0.99


class Sample(msgspec.Struct, frozen=True):
    """Totals since the start and current values at one time."""

    at_s: float
    connections: int
    commands: int
    log_entries: int
    frames_shed: int
    queued_bytes: int
    loop_lag_s: float
    bus_round_trip_s: float
    batch_counts: tuple[int, ...]
    batch_total: float
    write_counts: tuple[int, ...]
    delivery_counts: tuple[int, ...]


class SampleRing:
    """Takes samples while started."""

    def __init__(self, sources: MetricSources, wheel: TimerWheel) -> None:
        self._sources = sources
        self._wheel = wheel
        self._samples: deque[Sample] = deque(maxlen=SAMPLES_MAX)
        self._timer: Timer | None = None
        self.bounds: dict[str, tuple[float, ...]] = {}

    def start(self) -> None:
        self.take()
        self._timer = self._wheel.call_later(PERIOD_S, self.start)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def take(self) -> None:
        """Add a sample."""
        sources = self._sources
        connections, log = sources.connections(), sources.log_writer()
        deliveries = [statistics.counts for statistics in sources.deliveries().values()]
        self.bounds = {
            "write": log.write_seconds.bounds,
            "delivery": next(iter(sources.deliveries().values())).bounds,
        }
        self._samples.append(
            Sample(
                at_s=time.time(),
                connections=connections.connections,
                commands=sum(sources.command_counts().values()),
                log_entries=log.entries,
                frames_shed=connections.shed_frames,
                queued_bytes=connections.queued_bytes,
                loop_lag_s=sources.loop_lag_s(),
                bus_round_trip_s=sources.bus().lag_ms / 1000,
                batch_counts=log.entries_per_write.counts,
                batch_total=log.entries_per_write.total,
                write_counts=log.write_seconds.counts,
                delivery_counts=tuple(map(sum, zip(*deliveries, strict=True))),
            )
        )

    def values(self, read: Callable[[Sample], float]) -> list[tuple[float, float]]:
        """Return (time, value) of each sample."""
        return [(sample.at_s, read(sample)) for sample in self._samples]

    def rates(self, read: Callable[[Sample], float]) -> list[tuple[float, float]]:
        """Return (time, increase per second) between samples."""
        return [
            (later.at_s, (read(later) - read(earlier)) / max(0.001, later.at_s - earlier.at_s))
            for earlier, later in pairwise(self._samples)
        ]

    def quantiles(self, name: str, read: Callable[[Sample], Sequence[int]]) -> list[tuple[float, float]]:
        """Return (time, 99th percentile in seconds) of what was measured between samples; 0 for nothing."""
        return [
            (later.at_s, quantile(self.bounds[name], _difference(read(earlier), read(later))))
            for earlier, later in pairwise(self._samples)
        ]

    def batch_sizes(self) -> list[tuple[float, float]]:
        """Return (time, entries per write to the log) between samples; 0 without writes."""
        sizes = []
        for earlier, later in pairwise(self._samples):
            writes = sum(later.batch_counts) - sum(earlier.batch_counts)
            sizes.append((later.at_s, (later.batch_total - earlier.batch_total) / writes if writes else 0.0))
        return sizes


def quantile(bounds: Sequence[float], counts: Sequence[int], fraction: float = QUANTILE) -> float:
    """Return the upper bound of the bucket that contains the quantile; the last bound for values above it."""
    remaining = fraction * sum(counts)
    if not remaining:
        return 0.0
    for bound, count in zip(bounds, counts, strict=False):
        remaining -= count
        if remaining <= 0:
            return bound
    return bounds[-1]


def quantile_of(statistics: HistogramStatistics, fraction: float) -> float:
    """Return a quantile since the start of the process."""
    return quantile(statistics.bounds, statistics.counts, fraction)


def _difference(earlier: Sequence[int], later: Sequence[int]) -> list[int]:
    return [after - before for before, after in zip(earlier, later, strict=True)]

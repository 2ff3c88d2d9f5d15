"""Merges the ticks of all workers: totals, percentiles and a time series."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from loadtest.check.faults import Fault
from loadtest.metrics.latencies import Histogram, LatencyCounts, Percentiles, merge_counts, quantile_ms
from loadtest.process.worker_protocol import Tick

FAULTS_MAX: Final = 500
FIRST_INTERVAL_US: Final = 500_000
"""The interval that a worker's first tick covers, about."""


class Point(msgspec.Struct, frozen=True):
    """One interval, over all processes: rates per second, primary latency in ms.

    `at_s` is its end. `errors`, `faults`, `cpu_s` and `received` are totals since the start of the run.
    `cpu_share` is the share of one core of the load tester's busiest process.
    """

    at_s: float
    seconds: float
    phase: str
    ready_count: int
    received_per_s: float
    sent_per_s: float
    calls_per_s: float
    errors: int
    faults: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_share: float
    cpu_s: float
    received: int
    lag_ms: float
    late_ms: float


class _WorkerState:
    """A worker's last tick, and its CPU share."""

    def __init__(self) -> None:
        self.last_tick: Tick | None = None
        self.cpu_share = 0.0


class TimeSeries:
    """`primary_operation` is the operation whose latency the points show."""

    def __init__(self, processes: int, primary_operation: str) -> None:
        self._workers = [_WorkerState() for _ in range(processes)]
        self._primary_operation = primary_operation
        self._histograms: dict[str, Histogram] = {}
        self._open_ticks: list[Tick] = []
        self._started_us: int | None = None
        self._closed_us = 0
        self._counts_at_close: Counter[str] = Counter()
        self.phase = "connecting"
        self.points: list[Point] = []
        self.faults: list[Fault] = []

    def add(self, process: int, tick: Tick) -> None:
        """Add a tick of one process."""
        worker = self._workers[process]
        if worker.last_tick is not None:
            seconds = max(tick.at_us - worker.last_tick.at_us, 1) / 1_000_000
            worker.cpu_share = (tick.cpu_s - worker.last_tick.cpu_s) / seconds
        if self._started_us is None:
            self._started_us = self._closed_us = tick.at_us - FIRST_INTERVAL_US
        worker.last_tick = tick
        self.faults += tick.faults[: max(0, FAULTS_MAX - len(self.faults))]
        for operation, counts in tick.latencies.items():
            if counts:
                self._histogram(operation).add(counts)
        self._open_ticks.append(tick)

    def close_point(self) -> Point | None:
        """Append a point for the ticks added since the last one; None without ticks."""
        if not self._open_ticks or self._started_us is None:
            return None
        ticks, self._open_ticks = self._open_ticks, []
        at_us = max(tick.at_us for tick in ticks)
        seconds = max(at_us - self._closed_us, 1) / 1_000_000
        latencies: LatencyCounts = merge_counts(
            tick.latencies.get(self._primary_operation, {}) for tick in ticks
        )
        counts, before = self.counts(), self._counts_at_close
        point = Point(
            at_s=round((at_us - self._started_us) / 1_000_000, 2),
            seconds=round(seconds, 3),
            phase=self.phase,
            ready_count=self.ready_count,
            received_per_s=round((counts["received"] - before["received"]) / seconds, 1),
            sent_per_s=round((counts["sent"] - before["sent"]) / seconds, 1),
            calls_per_s=round((counts["calls"] - before["calls"]) / seconds, 1),
            errors=sum(self.errors().values()),
            faults=sum(self.fault_counts().values()),
            p50_ms=quantile_ms(latencies, 0.5),
            p99_ms=quantile_ms(latencies, 0.99),
            max_ms=max(latencies, default=0) / 1000,
            cpu_share=round(max(worker.cpu_share for worker in self._workers), 3),
            cpu_s=round(self.cpu_s(), 3),
            received=counts["received"],
            lag_ms=round(max(tick.lag_ms for tick in ticks), 1),
            late_ms=round(max(tick.late_ms for tick in ticks), 1),
        )
        self._closed_us, self._counts_at_close = at_us, counts
        self.points.append(point)
        return point

    # --- totals

    @property
    def ready_count(self) -> int:
        return sum(tick.ready_count for tick in self._ticks())

    def counts(self) -> Counter[str]:
        """Return the counters, over all processes."""
        return _sum_counts(tick.counts for tick in self._ticks())

    def errors(self) -> Counter[str]:
        return _sum_counts(tick.errors for tick in self._ticks())

    def fault_counts(self) -> Counter[str]:
        return _sum_counts(tick.fault_counts for tick in self._ticks())

    def percentiles(self) -> dict[str, Percentiles]:
        """Return the percentiles of each operation, for the whole run."""
        return {
            operation: histogram.percentiles()
            for operation, histogram in sorted(self._histograms.items())
            if histogram.count
        }

    def primary_latency(self) -> Percentiles:
        """Return the percentiles of the primary operation."""
        return self._histogram(self._primary_operation).percentiles()

    def curves(self) -> dict[str, list[tuple[float, float]]]:
        return {
            operation: histogram.curve()
            for operation, histogram in sorted(self._histograms.items())
            if histogram.count
        }

    def cpu_s(self) -> float:
        return sum(tick.cpu_s for tick in self._ticks())

    def _ticks(self) -> Sequence[Tick]:
        return [worker.last_tick for worker in self._workers if worker.last_tick is not None]

    def _histogram(self, operation: str) -> Histogram:
        histogram = self._histograms.get(operation)
        if histogram is None:
            histogram = self._histograms[operation] = Histogram()
        return histogram


def _sum_counts(parts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total

"""Latencies: counts per worker process, and percentiles over all of them.

Counting is cheap enough to do for every frame: values are rounded down to 8 significant bits (0.4 %). The
coordinator merges the counts into an HdrHistogram (1 us to 1 h, three digits).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

SIGNIFICANT_BITS: Final = 8
VALUE_MAX_US: Final = 3_600_000_000
SIGNIFICANT_DIGITS: Final = 3
CURVE_PERCENTILES: Final = (0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 100.0)
LatencyCounts = dict[int, int]


class LatencyRecorder:
    """Latency counts by operation, in us."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, LatencyCounts] = {}

    def counts_of(self, operation: str) -> LatencyCounts:
        """Return the counts of an operation, for `record_latency`; the same object until `take`."""
        counts = self._counts.get(operation)
        if counts is None:
            counts = self._counts[operation] = {}
        return counts

    def add(self, operation: str, us: int) -> None:
        record_latency(self.counts_of(operation), us)

    def take(self) -> dict[str, LatencyCounts]:
        """Return and clear the counts since the last call."""
        taken, self._counts = self._counts, {}
        return taken


def record_latency(counts: LatencyCounts, us: int) -> None:
    """Count one latency. Negative values count as 0: clocks may be read out of order."""
    excess_bits = us.bit_length() - SIGNIFICANT_BITS
    rounded = us if excess_bits <= 0 else us >> excess_bits << excess_bits
    rounded = max(rounded, 0)
    counts[rounded] = counts.get(rounded, 0) + 1


class Percentiles(msgspec.Struct, frozen=True):
    """Latencies of one operation in ms; all 0 if `count` is 0."""

    count: int
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


class Histogram:
    def __init__(self) -> None:
        # Imported here, so that the command line works without the `load` extra.
        from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]

        self._histogram: Any = HdrHistogram(1, VALUE_MAX_US, SIGNIFICANT_DIGITS)
        self._total_us = 0

    def add(self, counts: Mapping[int, int]) -> None:
        """Add counts keyed by microseconds."""
        for us, count in counts.items():
            self._histogram.record_value(min(max(us, 1), VALUE_MAX_US), count)
            self._total_us += us * count

    @property
    def count(self) -> int:
        return int(self._histogram.get_total_count())

    def percentiles(self) -> Percentiles:
        count = self.count
        if not count:
            return Percentiles(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        at_ms = dict(self.curve())
        return Percentiles(
            count=count,
            mean_ms=round(self._total_us / count / 1000, 3),
            p50_ms=at_ms[50.0],
            p90_ms=at_ms[90.0],
            p99_ms=at_ms[99.0],
            p999_ms=at_ms[99.9],
            max_ms=at_ms[100.0],
        )

    def curve(self) -> list[tuple[float, float]]:
        """Return (percentile, ms) for `CURVE_PERCENTILES`, in one pass. Requires a count above 0."""
        values = self._histogram.get_percentile_to_value_dict(list(CURVE_PERCENTILES))
        return [(percentile, round(float(values[percentile]) / 1000, 3)) for percentile in CURVE_PERCENTILES]


def quantile_ms(counts: LatencyCounts, share: float) -> float:
    """Return the quantile `share` of plain counts in ms; 0 without counts."""
    total = sum(counts.values())
    wanted, seen = share * total, 0
    for us in sorted(counts):
        seen += counts[us]
        if seen >= wanted:
            return us / 1000
    return 0.0


def merge_counts(parts: Iterable[LatencyCounts]) -> LatencyCounts:
    """Sum several counts."""
    total: LatencyCounts = {}
    for part in parts:
        for us, count in part.items():
            total[us] = total.get(us, 0) + count
    return total

"""Latencies: counts per worker process, and percentiles over all of them.

Counting is cheap enough to do for every frame: values are rounded down to 8 significant bits, by less than
0.8 %. The coordinator sums the counts into a histogram.
"""

import bisect
import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

SIGNIFICANT_BITS: Final = 8
VALUE_MAX_US: Final = 3_600_000_000
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
    """The sum of latency counts, and percentiles of them.

    Latencies above an hour count as an hour, except in the mean.
    """

    def __init__(self) -> None:
        self._counts: LatencyCounts = {}
        self._total_us = 0

    def add(self, counts: Mapping[int, int]) -> None:
        """Add counts keyed by microseconds."""
        for us, count in counts.items():
            limited = min(us, VALUE_MAX_US)
            self._counts[limited] = self._counts.get(limited, 0) + count
            self._total_us += us * count

    @property
    def count(self) -> int:
        return sum(self._counts.values())

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
        values = sorted(self._counts)
        ranks = list(itertools.accumulate(self._counts[us] for us in values))
        curve = []
        for percentile in CURVE_PERCENTILES:
            # The smallest latency that this share of all latencies does not exceed.
            rank = max(1, math.ceil(ranks[-1] * percentile / 100))
            curve.append((percentile, round(values[bisect.bisect_left(ranks, rank)] / 1000, 3)))
        return curve


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

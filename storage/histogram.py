"""A histogram of measured values: counts per bucket, as in Prometheus.

The bounds are fixed at construction. `observe` costs one binary search. Values are not sampled.
"""

from bisect import bisect_left
from collections.abc import Sequence

import msgspec


class HistogramStatistics(msgspec.Struct, frozen=True):
    """`counts[i]` counts values in `(bounds[i-1], bounds[i]]`; the last count has no upper bound."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        return sum(self.counts)


class Histogram:
    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._total = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def statistics(self) -> HistogramStatistics:
        return HistogramStatistics(self._bounds, tuple(self._counts), self._total)

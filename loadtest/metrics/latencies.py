"""Counts latencies by rounded microseconds, cheap enough to do for every frame.

Values are rounded down to 8 significant bits (0.4 %). A histogram merges the counts of all processes.
"""

from typing import Final

SIGNIFICANT_BITS: Final = 8
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

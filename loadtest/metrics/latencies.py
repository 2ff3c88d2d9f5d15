"""How long things took, counted by a rounded number of microseconds, cheap enough to do for every frame.

Rounded down to 8 significant bits (0.4 %). What is taken is handed on as plain counts, for a histogram
elsewhere. It never keeps single values.
"""

from typing import Final

SIGNIFICANT_BITS: Final = 8
LatencyCounts = dict[int, int]


class LatencyRecorder:
    """By kind of operation. All in us."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, LatencyCounts] = {}

    def counts_of(self, operation: str) -> LatencyCounts:
        """The counts of a kind, for `count`; the same object until the next `take`."""
        counts = self._counts.get(operation)
        if counts is None:
            counts = self._counts[operation] = {}
        return counts

    def add(self, operation: str, us: int) -> None:
        record_latency(self.counts_of(operation), us)

    def take(self) -> dict[str, LatencyCounts]:
        """What was counted since the last time."""
        taken, self._counts = self._counts, {}
        return taken


def record_latency(counts: LatencyCounts, us: int) -> None:
    """Count one; what is below 0 is 0, for clocks may be read out of turn."""
    spare = us.bit_length() - SIGNIFICANT_BITS
    rounded = us if spare <= 0 else us >> spare << spare
    rounded = max(rounded, 0)
    counts[rounded] = counts.get(rounded, 0) + 1

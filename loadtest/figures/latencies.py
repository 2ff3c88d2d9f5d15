"""How long things took, counted by a rounded number of microseconds, cheap enough to do for every frame.

Rounded down to 8 significant bits (0.4 %). What is taken is handed on as plain counts, for a histogram
elsewhere. It never keeps single values.
"""

from typing import Final

SIGNIFICANT_BITS: Final = 8
Counts = dict[int, int]


class Latencies:
    """By kind of operation. All in us."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, Counts] = {}

    def of(self, kind: str) -> Counts:
        """The counts of a kind, for `count`; the same object until the next `take`."""
        counts = self._counts.get(kind)
        if counts is None:
            counts = self._counts[kind] = {}
        return counts

    def add(self, kind: str, us: int) -> None:
        count(self.of(kind), us)

    def take(self) -> dict[str, Counts]:
        """What was counted since the last time."""
        taken, self._counts = self._counts, {}
        return taken


def count(counts: Counts, us: int) -> None:
    """Count one; what is below 0 is 0, for clocks may be read out of turn."""
    spare = us.bit_length() - SIGNIFICANT_BITS
    rounded = us if spare <= 0 else us >> spare << spare
    rounded = max(rounded, 0)
    counts[rounded] = counts.get(rounded, 0) + 1

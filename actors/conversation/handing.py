"""Whether another instance is to write a conversation for us: after losing seqs to it, for a while.

A preference, not a lock: it may be wrong without harm, since the log decides. It never hands anything.
"""

from time import monotonic

LOSSES = 2
"""Seqs lost in a row, after which the winner is left to write."""

HANDING_S = 3.0


class Handing:
    """`writer` is the instance that stored an entry last; `out` counts drafts that are with it.

    `recalling`: one came back without an answer, so the others that are out are waited for, and nothing
    that was said later goes before them. Those behind which something said later was stored there already are
    `overtaken`.
    """

    __slots__ = ("_count", "_losses", "_stored", "_to", "_until", "out", "recalling", "writer")

    def __init__(self) -> None:
        self._losses = 0
        self._count = 0
        self._stored: dict[str, int] = {}
        self._until = 0.0
        self._to = ""
        self.writer = ""
        self.out = 0
        self.recalling = False

    @property
    def contended(self) -> bool:
        """Whether the last run lost a seq."""
        return self._losses > 0

    def lost(self) -> None:
        self._losses += 1

    def won(self) -> None:
        self._losses = 0

    def wanted(self) -> bool:
        if not self.writer:
            return False
        if self._losses >= LOSSES:
            self._losses = 0
            self._until = monotonic() + HANDING_S
        # While some are out the next ones follow them: a sender's messages keep their order.
        return self.out > 0 or monotonic() < self._until

    def given(self, count: int) -> tuple[str, int]:
        """That many drafts go out; answers to whom, and the number of the first.

        As long as some are out it is the same instance.
        """
        if not self.out:
            self._to = self.writer
            self._stored.clear()
        first = self._count
        self.out += count
        self._count += count
        return self._to, first

    def stored(self, sender_id: str, number: int) -> None:
        """The other instance has stored what went out under that number."""
        self._stored[sender_id] = max(number, self._stored.get(sender_id, 0))

    def overtaken(self, sender_id: str, number: int) -> bool:
        """Whether something that its sender said later was stored before it."""
        return number < self._stored.get(sender_id, 0)

    def back(self, *, answered: bool) -> None:
        """One draft came back; unanswered, the other instance is not to be relied on."""
        self.out = max(0, self.out - 1)
        if not answered:
            self.writer = ""
            self.recalling = True
        if not self.out:
            self.recalling = False

"""Whether another instance is to write a conversation for us: after losing seqs to it, for a while.

A preference, not a lock: it may be wrong without harm, since the log decides. It never hands anything.
"""

from time import monotonic

LOSSES_BEFORE_FORWARDING = 2
"""Seqs lost in a row, after which the winner is left to write."""

FORWARDING_S = 3.0


class ForwardingState:
    """`writer` is the instance that stored an entry last; `out` counts drafts that are with it.

    `recalling`: one came back without an answer, so the others that are out are waited for, and nothing
    that was said later goes before them. Those behind which something said later was stored there already are
    `overtaken`.
    """

    __slots__ = (
        "_consecutive_losses",
        "_forward_until",
        "_last_stored",
        "_next_number",
        "_target",
        "in_flight",
        "is_recalling",
        "last_writer",
    )

    def __init__(self) -> None:
        self._consecutive_losses = 0
        self._next_number = 0
        self._last_stored: dict[str, int] = {}
        self._forward_until = 0.0
        self._target = ""
        self.last_writer = ""
        self.in_flight = 0
        self.is_recalling = False

    @property
    def is_contended(self) -> bool:
        """Whether the last run lost a seq."""
        return self._consecutive_losses > 0

    def record_loss(self) -> None:
        self._consecutive_losses += 1

    def record_win(self) -> None:
        self._consecutive_losses = 0

    def should_forward(self) -> bool:
        if not self.last_writer:
            return False
        if self._consecutive_losses >= LOSSES_BEFORE_FORWARDING:
            self._consecutive_losses = 0
            self._forward_until = monotonic() + FORWARDING_S
        # While some are out the next ones follow them: a sender's messages keep their order.
        return self.in_flight > 0 or monotonic() < self._forward_until

    def start_forward(self, count: int) -> tuple[str, int]:
        """That many drafts go out; answers to whom, and the number of the first.

        As long as some are out it is the same instance.
        """
        if not self.in_flight:
            self._target = self.last_writer
            self._last_stored.clear()
        first = self._next_number
        self.in_flight += count
        self._next_number += count
        return self._target, first

    def record_stored(self, sender_id: str, number: int) -> None:
        """The other instance has stored what went out under that number."""
        self._last_stored[sender_id] = max(number, self._last_stored.get(sender_id, 0))

    def is_overtaken(self, sender_id: str, number: int) -> bool:
        """Whether something that its sender said later was stored before it."""
        return number < self._last_stored.get(sender_id, 0)

    def record_result(self, *, answered: bool) -> None:
        """One draft came back; unanswered, the other instance is not to be relied on."""
        self.in_flight = max(0, self.in_flight - 1)
        if not answered:
            self.last_writer = ""
            self.is_recalling = True
        if not self.in_flight:
            self.is_recalling = False

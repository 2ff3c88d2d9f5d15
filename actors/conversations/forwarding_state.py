"""Decides whether drafts of a conversation are forwarded to another instance.

Forwarding starts after losing seqs to that instance. It lasts until that instance has stored none of the
drafts for `FORWARDING_S`, or does not acknowledge them. A wrong decision is harmless, because the log rejects
duplicate seqs.
"""

from collections import deque
from time import monotonic

from actors.conversations.commands import PendingAppend, Send

LOSSES_BEFORE_FORWARDING = 2
"""Consecutive seq conflicts after which drafts are forwarded to the winner."""

FORWARDING_S = 3.0


class ForwardingState:
    """The forwarding state of one conversation.

    `last_writer` is the instance that stored the last remote entry. `in_flight` counts forwarded drafts
    without a result. `is_recalling` is set after a draft came back without an outcome, until no draft is in
    flight; until then nothing is submitted, so that no later message overtakes a forwarded one.
    """

    __slots__ = (
        "_consecutive_losses",
        "_forward_until",
        "_last_stored",
        "_next_number",
        "_recalled",
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
        # Forwarded without a result, so older than everything in the queue.
        self._recalled: list[PendingAppend] = []
        self.last_writer = ""
        self.in_flight = 0
        self.is_recalling = False

    @property
    def is_contended(self) -> bool:
        """Whether the last batch had a seq conflict, until forwarding starts."""
        return self._consecutive_losses > 0

    def record_loss(self) -> None:
        self._consecutive_losses += 1

    def record_win(self) -> None:
        self._consecutive_losses = 0

    def update_forwarding(self) -> bool:
        """Start to forward after too many losses. Return whether the next drafts are forwarded."""
        if not self.last_writer:
            return False
        if self._consecutive_losses >= LOSSES_BEFORE_FORWARDING:
            self._consecutive_losses = 0
            self._forward_until = monotonic() + FORWARDING_S
        # While drafts are in flight the next ones follow them, which keeps each sender's order.
        return self.in_flight > 0 or monotonic() < self._forward_until

    def take_forwardable(self, queue: deque[PendingAppend]) -> tuple[str, list[PendingAppend]]:
        """Remove the drafts at the front of `queue`, number them and return them with their target."""
        drafts: list[PendingAppend] = []
        while queue and can_forward(queue[0]):
            drafts.append(queue.popleft())
        if not drafts:
            return "", drafts
        target, first = self.start_forward(len(drafts))
        for number, pending in enumerate(drafts, first):
            pending.forward_number = number
        return target, drafts

    def start_forward(self, count: int) -> tuple[str, int]:
        """Count `count` drafts as in flight. Return the target instance and the number of the first draft.

        The target does not change while drafts are in flight.
        """
        if not self.in_flight:
            self._target = self.last_writer
            self._last_stored.clear()
        first = self._next_number
        self.in_flight += count
        self._next_number += count
        return self._target, first

    def record_stored(self, sender_id: str, number: int) -> None:
        """Record that the target stored the draft with this number."""
        self._last_stored[sender_id] = max(number, self._last_stored.get(sender_id, 0))
        self._forward_until = monotonic() + FORWARDING_S

    def is_overtaken(self, sender_id: str, number: int) -> bool:
        """Whether the target stored a later draft of the same sender."""
        return number < self._last_stored.get(sender_id, 0)

    def record_result(self, *, answered: bool) -> None:
        """Record the result of one draft. One without an outcome stops forwarding and starts a recall."""
        self.in_flight = max(0, self.in_flight - 1)
        if not answered:
            self.last_writer = ""
            self.is_recalling = True
        if not self.in_flight:
            self.is_recalling = False

    @property
    def has_recalled(self) -> bool:
        return bool(self._recalled)

    def recall(self, pending: PendingAppend) -> None:
        """Keep a draft without an outcome until the recall ends."""
        self._recalled.append(pending)

    def take_recalled(self) -> list[PendingAppend]:
        """Remove and return the recalled drafts, in the order in which they were forwarded."""
        recalled, self._recalled = self._recalled, []
        # Drafts are sent again at different times, so they may be recalled in another order.
        recalled.sort(key=lambda pending: pending.forward_number)
        return recalled


def can_forward(pending: PendingAppend) -> bool:
    """Whether a command may be forwarded: only drafts, and not those received from another instance."""
    return isinstance(pending.command, Send) and not pending.command.forwarded

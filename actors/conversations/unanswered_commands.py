"""How long the commands of this instance have waited for their answers.

Readiness and metrics use the age of the oldest one.
"""

import time
from collections.abc import Callable
from typing import Final

from actors.conversations.commands import CommandReply
from actors.protocol.errors import ApiError
from storage.contracts.messaging import MessageEntry

FORGET_AFTER_S: Final = 60.0
"""Age of a command that is no longer waited for. Its sender gave up before: requests time out in 20 s."""


class UnansweredCommands:
    """Ages of the commands that were passed to conversations and not answered yet, in order of arrival."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._number = 0
        self._sent_at: dict[int, float] = {}

    def track(self, reply: CommandReply) -> "TrackedReply":
        """Count a command from now until the returned reply is called. It passes the result to `reply`."""
        self._number += 1
        self._sent_at[self._number] = self._clock()
        return TrackedReply(self, self._number, reply)

    def remove(self, number: int) -> None:
        self._sent_at.pop(number, None)

    def oldest_s(self) -> float:
        """Return the age of the oldest unanswered command in seconds; 0 without one.

        Commands older than `FORGET_AFTER_S` are dropped, so that one lost answer is not reported for ever.
        """
        now = self._clock()
        while self._sent_at:
            number = next(iter(self._sent_at))
            age_s = now - self._sent_at[number]
            if age_s <= FORGET_AFTER_S:
                return age_s
            del self._sent_at[number]
        return 0.0

    def __len__(self) -> int:
        return len(self._sent_at)


class TrackedReply:
    """Implements `CommandReply`: ends the count of a command and passes its result on."""

    __slots__ = ("_number", "_reply", "_unanswered")

    def __init__(self, unanswered: UnansweredCommands, number: int, reply: CommandReply) -> None:
        self._unanswered = unanswered
        self._number = number
        self._reply = reply

    def discard(self) -> None:
        """End the count of a command that was not accepted."""
        self._unanswered.remove(self._number)

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        self._unanswered.remove(self._number)
        self._reply.stored(entry, duplicate=duplicate)

    def unchanged(self) -> None:
        self._unanswered.remove(self._number)
        self._reply.unchanged()

    def refused(self, error: ApiError) -> None:
        self._unanswered.remove(self._number)
        self._reply.refused(error)

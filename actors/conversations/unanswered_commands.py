"""The commands of an instance that have no reply yet, and their deadlines.

A command may wait in a mailbox, in a queue, for the log writer or for another instance. In each case its
sender gets a reply within `command_timeout_ms` and about a quarter of a second. After that the command is not
started any more; if it is already being stored, a retry with the same `client_id` returns the stored message.
"""

import asyncio

import msgspec

from actors.conversations.commands import CommandReply
from actors.conversations.errors import overdue
from actors.protocol.errors import ApiError
from actors.runtime.black_box import BlackBoxes
from actors.runtime.timer_wheel import TimerWheel
from actors.runtime.tracing import MessageTrace
from storage.contracts.message_log import MessageEntry

CHECK_INTERVAL_S = 0.25


class DeadlineReply:
    """Implements `CommandReply`: passes on the first result and ignores later ones."""

    __slots__ = ("_commands", "_conversation_id", "_reply", "_user_id", "deadline", "trace")

    def __init__(
        self,
        commands: "UnansweredCommands",
        reply: CommandReply,
        deadline: float,
        conversation_id: str,
        user_id: str,
    ) -> None:
        self._commands = commands
        self._reply = reply
        self.deadline = deadline
        self._conversation_id = conversation_id
        self._user_id = user_id
        self.trace: MessageTrace | None = None

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        if self._commands.remove(self):
            self._record("duplicate" if duplicate else "stored", "", entry.changed_seq)
            self._reply.stored(entry, duplicate=duplicate)

    def unchanged(self) -> None:
        if self._commands.remove(self):
            self._record("unchanged", "", 0)
            self._reply.unchanged()

    def refused(self, error: ApiError) -> None:
        if self._commands.remove(self):
            self._record("refused", error.code, 0)
            self._reply.refused(error)

    def _record(self, kind: str, code: str, seq: int) -> None:
        """Record the result, with the time in ms that the command waited for it."""
        if self.trace is not None:
            self.trace.end(code or kind, seq)
        box = self._commands.black_boxes.find(self._conversation_id)
        if box is not None:
            box.add(kind, self._user_id, code, seq, self._commands.waited_ms(self))


class CommandStatistics(msgspec.Struct, frozen=True):
    """`oldest_age_s` is the time for which the oldest command has been waiting; 0 if none is."""

    unanswered: int
    oldest_age_s: float
    overdue: int


class UnansweredCommands:
    """Tracks replies in the order of their deadlines, which is the order of arrival."""

    def __init__(self, wheel: TimerWheel, timeout_s: float, black_boxes: BlackBoxes) -> None:
        self._wheel = wheel
        self._timeout_s = timeout_s
        self.black_boxes = black_boxes
        self._time = asyncio.get_running_loop().time
        self._replies: dict[DeadlineReply, None] = {}
        self._is_checking = False
        self._overdue_count = 0

    def statistics(self) -> CommandStatistics:
        oldest = next(iter(self._replies), None)
        oldest_age_s = 0.0 if oldest is None else self._time() + self._timeout_s - oldest.deadline
        return CommandStatistics(len(self._replies), oldest_age_s, self._overdue_count)

    def track(self, reply: CommandReply, conversation_id: str, user_id: str) -> DeadlineReply:
        """Return a reply that is refused with `server.overloaded` if nothing else answers it in time."""
        tracked = DeadlineReply(self, reply, self._time() + self._timeout_s, conversation_id, user_id)
        self._replies[tracked] = None
        if not self._is_checking:
            self._is_checking = True
            self._wheel.call_later(CHECK_INTERVAL_S, self._check)
        return tracked

    def waited_ms(self, reply: DeadlineReply) -> int:
        """Return for how long a reply has been tracked."""
        return round((self._time() + self._timeout_s - reply.deadline) * 1000)

    def remove(self, reply: DeadlineReply) -> bool:
        """Stop tracking a reply. Return False if it was already answered."""
        if reply not in self._replies:
            return False
        del self._replies[reply]
        return True

    def _check(self) -> None:
        now = self._time()
        while self._replies:
            oldest = next(iter(self._replies))
            if oldest.deadline > now:
                break
            self._overdue_count += 1
            oldest.refused(overdue())
        self._is_checking = bool(self._replies)
        if self._is_checking:
            self._wheel.call_later(CHECK_INTERVAL_S, self._check)

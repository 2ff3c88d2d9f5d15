"""The commands of one conversation that wait for a seq, in order."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from actors.conversations.commands import ChangeMembership, ChangeMessage, Draft, PendingAppend, Send
from actors.conversations.entries import is_same_message
from actors.conversations.errors import busy, client_id_conflict, instance_busy
from actors.protocol.errors import ApiError
from storage.contracts.message_log import Entry, MessageEntry


class AppendQueue:
    """A bounded queue in which concurrent retries of a draft are one item.

    A retry that arrives while the first attempt is pending shares its result. Drafts stay known to the queue
    after they left `items`, until `complete` or `refuse` answers them. `limit` bounds the number of `items`,
    `age_limit_s` the time that the oldest of them has waited: what arrives later is refused at once, because
    after an outage a long backlog would delay everything that follows. So are drafts while the instance
    `is_overloaded`.
    """

    __slots__ = ("_age_limit_s", "_is_overloaded", "_limit", "_sends", "_time", "items")

    def __init__(self, limit: int, age_limit_s: float, is_overloaded: Callable[[], bool]) -> None:
        self._limit = limit
        self._age_limit_s = age_limit_s
        self._is_overloaded = is_overloaded
        self._time = asyncio.get_running_loop().time
        self._sends: dict[tuple[str, str], PendingAppend] = {}
        self.items: deque[PendingAppend] = deque()

    def has_attempt(self, draft: Draft) -> bool:
        """Whether this attempt is pending: another instance forwards it again until it has the outcome."""
        pending = self._sends.get((draft.sender_id, draft.client_id))
        return pending is not None and _is_same_attempt(pending, draft)

    def add_send(self, command: Send) -> bool:
        """Queue a draft. Return False if it joined a pending one or was refused."""
        draft = command.draft
        key = (draft.sender_id, draft.client_id)
        pending = self._sends.get(key)
        if pending is not None:
            if _is_same_draft(pending, draft):
                pending.add_reply(command.reply)
            else:
                command.reply.refused(client_id_conflict())
            return False
        if self._is_overloaded():
            command.reply.refused(instance_busy())
            return False
        if not self.add(command):
            return False
        self._sends[key] = self.items[-1]
        return True

    def add(self, command: Send | ChangeMessage | ChangeMembership) -> bool:
        """Queue a command, or refuse it and return False if the queue is full or its oldest item too old."""
        now = self._time()
        if len(self.items) >= self._limit or self.oldest_age_s(now) > self._age_limit_s:
            command.reply.refused(busy())
            return False
        self.items.append(PendingAppend(command, now))
        return True

    def oldest_age_s(self, now: float) -> float:
        return now - self.items[0].queued_at if self.items else 0.0

    def complete(self, pending: PendingAppend, entry: MessageEntry, *, duplicate: bool = False) -> None:
        """Answer a command that left `items` with its entry."""
        self._forget(pending)
        pending.stored(entry, duplicate=duplicate)

    def refuse(self, pending: PendingAppend, error: ApiError) -> None:
        """Refuse a command that left `items`."""
        self._forget(pending)
        pending.refused(error)

    def answer_duplicates(self, count: int, entries: Sequence[Entry]) -> None:
        """Answer those of the first `count` items that the log already contains, as `entries`.

        A draft before a stored one of the same sender is refused: another instance refused it before, and the
        sender's order would be lost. The others stay.
        """
        known = {(entry.sender_id, entry.client_id): entry for entry in entries}
        commands = [self.items.popleft() for _ in range(count)]
        remaining: list[PendingAppend] = []
        overtaking: set[str] = set()
        for pending in reversed(commands):
            assert pending.entry is not None
            entry = known.get((pending.entry.sender_id, pending.entry.client_id))
            if entry is not None:
                overtaking.add(entry.sender_id)
                self._answer_duplicate(pending, entry)
            elif pending.entry.sender_id in overtaking:
                self.refuse(pending, busy())
            else:
                remaining.append(pending)
        self.items.extendleft(remaining)

    def _answer_duplicate(self, pending: PendingAppend, entry: Entry) -> None:
        command = pending.command
        if isinstance(command, Send) and is_same_message(entry, command.draft):
            # This attempt itself may be stored, by a write whose result was lost. Not a duplicate then.
            self.complete(pending, entry, duplicate=entry.attempt_id != command.draft.attempt_id)
        else:
            self.refuse(pending, client_id_conflict())

    def clear(self) -> None:
        """Remove all commands without answering them."""
        self.items.clear()
        self._sends.clear()

    def _forget(self, pending: PendingAppend) -> None:
        if isinstance(pending.command, Send):
            draft = pending.command.draft
            self._sends.pop((draft.sender_id, draft.client_id), None)


def _is_same_attempt(pending: PendingAppend, draft: Draft) -> bool:
    first = pending.command
    return isinstance(first, Send) and first.draft.attempt_id == draft.attempt_id


def _is_same_draft(pending: PendingAppend, draft: Draft) -> bool:
    first = pending.command
    return (
        isinstance(first, Send)
        and first.draft.content == draft.content
        and set(first.draft.mentions) == set(draft.mentions)
        and first.draft.reply_to == draft.reply_to
    )

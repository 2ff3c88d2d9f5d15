"""Pending effects: notifications that are recorded before their entry is stored, and removed when sent.

    record -> append the entry -> notify the users -> remove the record

If the instance crashes in between, or a notification fails, the record stays, and the sweeper of any instance
reads the entries from the log and notifies. Notifications are idempotent. The commands of one conversation
within a second share a record.
"""

import contextlib
from typing import Final

from actors.conversations.commands import CommandReply
from actors.protocol.errors import ApiError
from actors.protocol.timestamps import now_ms
from actors.runtime.task_pool import TaskPool
from actors.runtime.timer_wheel import TimerWheel
from storage.contracts.identifiers import new_id
from storage.contracts.message_log import MessageEntry
from storage.contracts.pending_effects import PendingEffect, PendingEffectStore
from storage.errors import Unavailable

SHARED_FOR_S = 1.0
"""Time for which commands of a conversation join a record."""

NEW_CONVERSATION: Final = -1
"""`since_seq` of the effect of creating a conversation, which has no entry."""

REMOVALS_PENDING_MAX = 10_000
REMOVALS_RUNNING_MAX = 8


class EffectRecord:
    """A stored record, and the number of its effects that are not complete."""

    __slots__ = ("_failed", "_open", "_recorder", "_shared", "effect")

    def __init__(self, recorder: "PendingEffectRecorder", effect: PendingEffect, *, shared: bool) -> None:
        self._recorder = recorder
        self._open = 0
        self._failed = False
        self._shared = shared
        self.effect = effect

    @property
    def is_shared(self) -> bool:
        """Whether further commands may join the record."""
        return self._shared and not self._failed

    def begin(self) -> None:
        """Add an effect; each must `end` once."""
        self._open += 1

    def end(self, *, completed: bool) -> None:
        """Complete an effect, or leave the record to a sweeper."""
        self._open -= 1
        if not completed:
            self.fail()
        self._remove_if_complete()

    def fail(self) -> None:
        """Leave the record to a sweeper."""
        if not self._failed:
            self._failed = True
            # A sweeper may have completed and removed it while the command was still waiting for the store.
            self._recorder.restore(self.effect)

    def stop_sharing(self) -> None:
        self._shared = False
        self._remove_if_complete()

    def _remove_if_complete(self) -> None:
        if not self._open and not self._shared and not self._failed:
            self._recorder.remove(self.effect.key)


class PendingEffectRecorder:
    """Creates the records of one instance."""

    def __init__(self, store: PendingEffectStore, wheel: TimerWheel, instance: str) -> None:
        self._store = store
        self._wheel = wheel
        self._instance = instance
        self._removals = TaskPool("pending effect removals", REMOVALS_PENDING_MAX, REMOVALS_RUNNING_MAX)

    async def create(self, conversation_id: str, since_seq: int, *, shared: bool = True) -> EffectRecord:
        """Record that entries above `since_seq` have effects. Raises `Unavailable`.

        A record that is not shared is removed with its last effect.
        """
        effect = PendingEffect(new_id(), conversation_id, self._instance, since_seq, now_ms())
        await self._store.add_pending_effect(effect)
        record = EffectRecord(self, effect, shared=shared)
        if shared:
            self._wheel.call_later(SHARED_FOR_S, record.stop_sharing)
        return record

    def restore(self, effect: PendingEffect) -> None:
        """Store a record again in the background, if it was removed. Best effort."""
        self._removals.submit(lambda: self._restore(effect))

    def record_later(self, conversation_id: str, since_seq: int) -> None:
        """Leave the effects of entries above `since_seq` to a sweeper; recorded in the background."""
        self.restore(PendingEffect(new_id(), conversation_id, self._instance, since_seq, now_ms()))

    def remove(self, key: str) -> None:
        """Remove a record in the background. If that fails, a sweeper completes and removes it."""
        self._removals.submit(lambda: self._remove(key))

    async def close(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for removals. A sweeper completes the records that are left."""
        await self._removals.close(timeout_s)

    async def _restore(self, effect: PendingEffect) -> None:
        with contextlib.suppress(Unavailable):
            await self._store.add_pending_effect(effect)

    async def _remove(self, key: str) -> None:
        with contextlib.suppress(Unavailable):
            await self._store.remove_pending_effect(key)


class EffectReply:
    """A `CommandReply` that ends the effect of its command.

    `server.unavailable` means that the outcome is unknown: the entry may be stored without a notification, so
    the record is left to a sweeper.
    """

    __slots__ = ("_ended", "_reply", "pending_record")

    def __init__(self, reply: CommandReply, record: EffectRecord) -> None:
        self._reply = reply
        self._ended = False
        self.pending_record = record
        record.begin()

    def end(self, *, completed: bool) -> None:
        """End the effect, once: after a crash a command may be answered again."""
        if not self._ended:
            self._ended = True
            self.pending_record.end(completed=completed)

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        self.end(completed=True)
        self._reply.stored(entry, duplicate=duplicate)

    def unchanged(self) -> None:
        self.end(completed=True)
        self._reply.unchanged()

    def refused(self, error: ApiError) -> None:
        self.end(completed=error.code != "server.unavailable")
        self._reply.refused(error)

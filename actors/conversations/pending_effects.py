"""Pending effects: notifications that are recorded before their entry is stored, and removed when sent.

    record -> append the entry -> notify the users -> remove the record

If the instance crashes in between, or a notification fails, the record stays, and the sweeper of any instance
reads the entries from the log and notifies. Notifications are idempotent. The commands of one conversation
within a second share a record. While its instance works on a record, the instance renews it, so that no
sweeper removes it before the entry is stored.
"""

import asyncio
import contextlib
import time
from typing import Final

import msgspec

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

RENEWAL_PERIOD_S = 1.5
RENEWED_FOR_S = 60.0
"""Time for which an instance renews a record. Longer than any command and its notifications take."""

RENEWALS_RUNNING_MAX = 16

NEW_CONVERSATION: Final = -1
"""`since_seq` of the effect of creating a conversation, which has no entry."""

REMOVALS_PENDING_MAX = 10_000
REMOVALS_RUNNING_MAX = 8


class EffectRecord:
    """A stored pending effect, and the number of commands and notifications it still waits for."""

    __slots__ = ("_failed", "_open", "_recorder", "_shared", "created_at_s", "effect", "possible_claims")

    def __init__(self, recorder: "PendingEffectRecorder", effect: PendingEffect, *, shared: bool) -> None:
        self._recorder = recorder
        self.created_at_s = time.monotonic()
        self._open = 0
        self._failed = False
        self._shared = shared
        self.effect = effect
        # Several if the outcome of a renewal is unknown.
        self.possible_claims: tuple[str | None, ...] = (effect.claim,)

    @property
    def is_shared(self) -> bool:
        """Whether further commands may join the record."""
        return self._shared and not self._failed

    def begin(self) -> None:
        """Wait for one more command or notification. Each must `end` once."""
        self._open += 1

    def end(self, *, completed: bool) -> None:
        """End the wait for one of them. The last one removes the record, or leaves it if any failed."""
        self._open -= 1
        if not completed:
            self.fail()
        self._settle()

    def fail(self) -> None:
        """Leave the record to a sweeper when the last of them ends. Call while one has not ended."""
        self._failed = True

    def stop_sharing(self) -> None:
        self._shared = False
        # One that failed was left, or will be, by the last of them.
        if not self._failed:
            self._settle()

    def _settle(self) -> None:
        # Until the last of them ends, the record is renewed, also after a failure: a sweeper would remove it
        # without knowing of the entries that are stored later.
        if self._open:
            return
        if self._failed:
            # A sweeper may have removed it, if this instance was paused and could not renew it.
            self._recorder.leave(self.effect)
        elif not self._shared:
            self._recorder.remove(self.effect.key)


class PendingEffectRecorder:
    """Creates the records of one instance."""

    def __init__(self, store: PendingEffectStore, wheel: TimerWheel, instance: str) -> None:
        self._store = store
        self._wheel = wheel
        self._instance = instance
        # The records that this instance works on, by key.
        self._records: dict[str, EffectRecord] = {}
        self._removals = TaskPool("pending effect removals", REMOVALS_PENDING_MAX, REMOVALS_RUNNING_MAX)
        self._renewals = TaskPool("pending effect renewals")
        self._renewal_scheduled = False
        self._closed = False

    async def create(self, conversation_id: str, since_seq: int, *, shared: bool = True) -> EffectRecord:
        """Record that the entries above `since_seq` have side effects. Raises `Unavailable`.

        The record is removed when each `begin` has had its `end`; a shared one not before `SHARED_FOR_S`.
        """
        effect = PendingEffect(new_id(), conversation_id, self._instance, since_seq, now_ms())
        await self._store.add_pending_effect(effect)
        record = self._records[effect.key] = EffectRecord(self, effect, shared=shared)
        if shared:
            self._wheel.call_later(SHARED_FOR_S, record.stop_sharing)
        self._schedule_renewal()
        return record

    def is_working_on(self, key: str) -> bool:
        """Whether this instance completes a record, so that its sweeper need not."""
        record = self._records.get(key)
        return record is not None and time.monotonic() - record.created_at_s < RENEWED_FOR_S

    def leave(self, effect: PendingEffect) -> None:
        """Leave a record to a sweeper; stored again in the background, if it was removed. Best effort."""
        self._records.pop(effect.key, None)
        self._removals.submit(lambda: self._restore(effect))

    def remove(self, key: str) -> None:
        """Remove a record in the background. If that fails, a sweeper completes and removes it."""
        self._records.pop(key, None)
        self._removals.submit(lambda: self._remove(key))

    async def close(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for removals. A sweeper completes the records that are left."""
        self._closed = True
        await self._renewals.cancel()
        await self._removals.close(timeout_s)

    def _schedule_renewal(self) -> None:
        if self._records and not self._renewal_scheduled and not self._closed:
            self._renewal_scheduled = True
            self._wheel.call_later(RENEWAL_PERIOD_S, self._start_renewal)

    def _start_renewal(self) -> None:
        if not self._closed:
            self._renewals.spawn(self._renew_all())

    async def _renew_all(self) -> None:
        """Change the records of commands that take long, so that no sweeper completes them yet."""
        now = time.monotonic()
        records = [
            record
            for record in self._records.values()
            if SHARED_FOR_S <= now - record.created_at_s < RENEWED_FOR_S
        ]
        try:
            for start in range(0, len(records), RENEWALS_RUNNING_MAX):
                await asyncio.gather(*map(self._renew, records[start : start + RENEWALS_RUNNING_MAX]))
        finally:
            self._renewal_scheduled = False
            self._schedule_renewal()

    async def _renew(self, record: EffectRecord) -> None:
        possible, claim = record.possible_claims, new_id()
        record.possible_claims = (*possible, claim)
        # Without the store no sweeper completes the record either.
        with contextlib.suppress(Unavailable):
            for claim_before in possible:
                effect = msgspec.structs.replace(record.effect, claim=claim_before)
                if await self._store.claim_pending_effect(effect, claim):
                    break
            record.possible_claims = (claim,)

    async def _restore(self, effect: PendingEffect) -> None:
        with contextlib.suppress(Unavailable):
            await self._store.add_pending_effect(effect)

    async def _remove(self, key: str) -> None:
        with contextlib.suppress(Unavailable):
            await self._store.remove_pending_effect(key)


class EffectReply:
    """A `CommandReply` of a command that its `pending_record` waits for.

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
        """End the wait for the command, once: after a crash a command may be answered again."""
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

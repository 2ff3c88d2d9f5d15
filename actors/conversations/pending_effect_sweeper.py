"""Completes pending effects that their instance did not: it crashed, or a notification failed.

    list -> unchanged for a while? -> claim -> read the log once per conversation -> notify -> remove

Every instance sweeps. An effect is due once a sweeper has seen it unchanged for `UNCHANGED_S` by its own
clock, so the clocks of instances are not compared. An instance renews the effects that it works on itself,
such as that of a message that waits for the store; so they are due only if it crashed or is paused. A claim
makes one sweeper complete an effect; if that one fails, the effect is due again after the same time.
"""

import asyncio
import itertools
import logging
import random
import time
from collections.abc import Sequence

import msgspec

from actors.conversations.commands import ConversationCommand, ConversationInfo, GetInfo
from actors.conversations.conversation_dependencies import Mentions
from actors.conversations.membership_notifier import MembershipNotifier
from actors.conversations.pending_effects import NEW_CONVERSATION, PendingEffectRecorder
from actors.delivery.stream_loss_record import ALL_STREAMS
from actors.delivery.stream_writer import StreamWriter
from actors.protocol.errors import ApiError
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Registry
from actors.runtime.timer_wheel import TimerWheel
from storage.contracts.identifiers import new_id
from storage.contracts.message_log import ChangeEntry, Entry, MessageEntry
from storage.contracts.messaging import ConversationRecord, MessagingStore
from storage.contracts.pending_effects import PendingEffect
from storage.errors import StorageError, Unavailable
from storage.outages import failure_level

_log = logging.getLogger(__name__)
SWEEP_PERIOD_S = 2.0
UNCHANGED_S = 5.0
"""More than a live instance usually needs, from before the append until the notifications are stored."""

SWEEP_GAP_S = 3.0
"""More than the time between two sweeps: the store was unavailable, or this instance paused."""

UNCHANGED_AFTER_GAP_S = 2.5
"""Time after such a gap before an effect is due: its instance could not renew it meanwhile either."""

LIST_PAGE = 500
EFFECTS_PER_SWEEP_MAX = 5_000
CONVERSATIONS_IN_FLIGHT = 4
ENTRIES_PER_READ = 500
ACTIVATION_TIMEOUT_S = 5.0
RETRIED_ERRORS = (StorageError, ApiError, MailboxFull, Stopped, TimeoutError)


class SeenEffect(msgspec.Struct, frozen=True):
    """An effect at the last sweep: its claim, when that changed last, and when it was first seen.

    After a gap between sweeps `unchanged_since` is later, once.
    """

    claim: str | None
    unchanged_since: float
    first_seen: float
    is_delayed: bool = False


class PendingEffectStatistics(msgspec.Struct, frozen=True):
    """The effects at the last sweep, and the time since the oldest was first seen; 0 if there are none."""

    pending: int
    oldest_age_s: float


class PendingEffectSweeper:
    def __init__(
        self,
        store: MessagingStore,
        actors: Registry[str, ConversationCommand],
        membership_notifier: MembershipNotifier,
        mentions: Mentions,
        stream_writer: StreamWriter,
        recorder: PendingEffectRecorder,
        wheel: TimerWheel,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._actors = actors
        self._membership_notifier = membership_notifier
        self._mentions = mentions
        self._stream_writer = stream_writer
        self._wheel = wheel
        self._seen: dict[str, SeenEffect] = {}
        self._listed_at = time.monotonic()
        self._sweep_task: asyncio.Task[None] | None = None
        self._closed = False

    def statistics(self) -> PendingEffectStatistics:
        first_seen = min((effect.first_seen for effect in self._seen.values()), default=None)
        return PendingEffectStatistics(
            len(self._seen), 0.0 if first_seen is None else time.monotonic() - first_seen
        )

    def start(self) -> None:
        # The jitter keeps instances from sweeping at the same time.
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - not for security
        self._wheel.call_later(SWEEP_PERIOD_S * jitter, self._start_sweep)

    async def close(self) -> None:
        self._closed = True
        if self._sweep_task is not None:
            self._sweep_task.cancel()
            await asyncio.gather(self._sweep_task, return_exceptions=True)

    async def sweep(self, unchanged_s: float) -> None:
        """Complete the effects that have not changed for `unchanged_s`. Raises `StorageError`."""
        due: dict[str, list[PendingEffect]] = {}
        for effect in await self._list_due(unchanged_s):
            due.setdefault(effect.conversation_id, []).append(effect)
        slots = asyncio.Semaphore(CONVERSATIONS_IN_FLIGHT)

        async def complete(conversation_id: str, effects: Sequence[PendingEffect]) -> None:
            async with slots:
                try:
                    await self._complete(conversation_id, effects)
                except RETRIED_ERRORS as error:
                    _log.log(
                        failure_level(error), "pending effects will be retried: %s", type(error).__name__
                    )

        await asyncio.gather(*(complete(id_, effects) for id_, effects in due.items()))

    def _start_sweep(self) -> None:
        if not self._closed:
            self._sweep_task = asyncio.create_task(self._run_sweep())

    async def _run_sweep(self) -> None:
        try:
            await self.sweep(UNCHANGED_S)
        except StorageError as error:
            _log.log(failure_level(error), "pending effects could not be listed: %s", type(error).__name__)
        finally:
            self.start()

    async def _list_due(self, unchanged_s: float) -> list[PendingEffect]:
        """Return the effects that have not changed for `unchanged_s`, without those of own commands."""
        seen: dict[str, SeenEffect] = {}
        due = []
        after_key = ""
        while len(seen) < EFFECTS_PER_SWEEP_MAX:
            page = await self._store.list_pending_effects(after_key, LIST_PAGE)
            now = time.monotonic()
            had_gap = now - self._listed_at > SWEEP_GAP_S
            for effect in page:
                current = self._see(effect, now)
                if had_gap and not current.is_delayed:
                    since = max(current.unchanged_since, now - max(0.0, unchanged_s - UNCHANGED_AFTER_GAP_S))
                    current = msgspec.structs.replace(current, unchanged_since=since, is_delayed=True)
                seen[effect.key] = current
                if now - current.unchanged_since >= unchanged_s and not self._recorder.is_working_on(
                    effect.key
                ):
                    due.append(effect)
            if len(page) < LIST_PAGE:
                break
            after_key = page[-1].key
        self._seen = seen
        self._listed_at = time.monotonic()
        return due

    def _see(self, effect: PendingEffect, now: float) -> SeenEffect:
        previous = self._seen.get(effect.key)
        if previous is None:
            return SeenEffect(effect.claim, now, now)
        if previous.claim != effect.claim:
            return SeenEffect(effect.claim, now, previous.first_seen)
        return previous

    async def _complete(self, conversation_id: str, effects: Sequence[PendingEffect]) -> None:
        claim = new_id()
        claimed = [effect for effect in effects if await self._store.claim_pending_effect(effect, claim)]
        if not claimed:
            return
        if conversation_id == ALL_STREAMS:
            await self._stream_writer.begin_epoch()
        else:
            await self._notify(conversation_id, min(effect.since_seq for effect in claimed))
        for effect in claimed:
            await self._store.remove_pending_effect(effect.key)

    async def _notify(self, conversation_id: str, since_seq: int) -> None:
        """Notify users of all entries above `since_seq`. Raises `Unavailable` if some were not notified."""
        if await self._store.get(conversation_id) is None:
            # Its creation failed after the effect was recorded.
            return
        # Activation projects the log into the document.
        ref = self._actors.ensure_active(conversation_id)
        info: ConversationInfo = await ref.ask(lambda reply: GetInfo("", 0, reply), ACTIVATION_TIMEOUT_S)
        record = await self._store.get(conversation_id)
        if record is None:
            return
        notifier = self._membership_notifier
        is_complete = since_seq != NEW_CONVERSATION or await notifier.notify_joined(
            record, 0, record.participants, needs_cards=True
        )
        for after in itertools.count(max(0, since_seq), ENTRIES_PER_READ):
            if after >= info.head:
                break
            entries = await self._store.read(conversation_id, after, min(after + ENTRIES_PER_READ, info.head))
            messages = [entry for entry in entries if isinstance(entry, MessageEntry)]
            for message in messages:
                is_complete &= await notifier.notify_change(record, message, needs_cards=True)
            await self._mentions.notify(
                [message for message in messages if message.mentions], record.participants
            )
            await self._withdraw_mentions(record, entries)
            if not is_complete:
                break
        if not is_complete:
            raise Unavailable

    async def _withdraw_mentions(self, record: ConversationRecord, entries: Sequence[Entry]) -> None:
        """Withdraw the notifications of deleted messages, and of users who left and did not come back."""
        changed_ids = {
            entry.message_id
            for entry in entries
            if isinstance(entry, ChangeEntry) and entry.state.deleted_at_ms is not None
        }
        deleted = [
            message
            for message in await self._store.find_messages(list(changed_ids))
            if message.deleted_at_ms is not None and message.mentions
        ]
        left = {
            user_id
            for entry in entries
            if isinstance(entry, MessageEntry) and entry.membership is not None
            for user_id in entry.membership.left
        }.difference(record.participants)
        if deleted or left:
            await self._mentions.withdraw(record.id, deleted, left)

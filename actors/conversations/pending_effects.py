"""Pending effects: notifications that are recorded before their entry is stored, and removed when sent.

A conversation records an effect, appends the entry, notifies the users and removes the effect. If the
instance crashes in between, the sweeper of another instance notifies. Notifications are idempotent.
"""

import asyncio
import contextlib
import logging
import random

from actors.conversations.commands import ConversationCommand, ConversationInfo, GetInfo
from actors.conversations.conversation_services import Mentions
from actors.conversations.membership_notifier import MembershipNotifier
from actors.protocol.errors import ApiError
from actors.protocol.timestamps import now_ms
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Registry
from actors.runtime.timer_wheel import TimerWheel
from storage.contracts.messaging import MessageEntry, MessagingStore, PendingEffect, PendingEffectStore
from storage.errors import StorageError, Unavailable
from storage.outages import failure_level

_log = logging.getLogger(__name__)
SWEEP_PERIOD_S = 5.0
PENDING_AGE_MS = 5_000
ACTIVATION_TIMEOUT_S = 5.0
ENTRIES_PER_EFFECT_MAX = 1000


class PendingEffects:
    """The pending effects of one conversation on this instance.

    All membership changes share one effect. Each message with mentions has its own, so that each is removed
    separately.
    """

    __slots__ = ("_id", "_instance", "_mentions", "_store")

    def __init__(
        self, conversation_id: str, instance: str, store: PendingEffectStore, mentions: Mentions
    ) -> None:
        self._id = conversation_id
        self._instance = instance
        self._store = store
        self._mentions = mentions

    async def add_membership(self, since_seq: int) -> None:
        """Record that entries above `since_seq` may change the members. Raises `Unavailable`."""
        await self._store.add_pending_effect(self._membership_effect(since_seq))

    async def remove_membership(self) -> None:
        await self._remove(self._membership_effect(0))

    async def add_mentions(self, attempt_id: int, since_seq: int) -> None:
        """Record that an entry above `since_seq` may mention users. Raises `Unavailable`."""
        await self._store.add_pending_effect(self._mention_effect(attempt_id, since_seq))

    def remove_mentions_in_background(self, attempt_id: int) -> None:
        self._mentions.run_in_background(self._remove(self._mention_effect(attempt_id, 0)))

    def _membership_effect(self, since_seq: int) -> PendingEffect:
        return PendingEffect(self._id, self._instance, since_seq, now_ms())

    def _mention_effect(self, attempt_id: int, since_seq: int) -> PendingEffect:
        return PendingEffect(self._id, f"{self._instance}:{attempt_id}", since_seq, now_ms())

    async def _remove(self, effect: PendingEffect) -> None:
        # An effect that stays is completed again by a sweeper.
        with contextlib.suppress(Unavailable):
            await self._store.remove_pending_effect(effect.key)


class PendingEffectSweeper:
    """Completes the effects of crashed instances.

    Periodically lists the pending effects that are older than a live instance needs, reads their entries
    from the log and notifies again.
    """

    def __init__(
        self,
        store: MessagingStore,
        actors: Registry[str, ConversationCommand],
        membership_notifier: MembershipNotifier,
        mentions: Mentions,
        wheel: TimerWheel,
    ) -> None:
        self._store = store
        self._actors = actors
        self._membership_notifier = membership_notifier
        self._mentions = mentions
        self._wheel = wheel
        self._sweep_task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        # The jitter keeps instances from sweeping at the same time.
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - not for security
        self._wheel.call_later(SWEEP_PERIOD_S * jitter, self._start_sweep)

    async def close(self) -> None:
        self._closed = True
        if self._sweep_task is not None:
            self._sweep_task.cancel()
            await asyncio.gather(self._sweep_task, return_exceptions=True)

    async def sweep(self, older_than_ms: int) -> None:
        """Complete and remove the pending effects older than `older_than_ms`."""
        for effect in await self._store.list_pending_effects():
            if effect.created_at_ms <= now_ms() - older_than_ms:
                await self._complete(effect)

    def _start_sweep(self) -> None:
        if not self._closed:
            self._sweep_task = asyncio.create_task(self._run_sweep())

    async def _run_sweep(self) -> None:
        try:
            await self.sweep(PENDING_AGE_MS)
        except (StorageError, ApiError, MailboxFull, Stopped, TimeoutError) as error:
            level = failure_level(error)
            _log.log(level, "pending effects could not be completed; retrying at the next sweep")
        finally:
            self.start()

    async def _complete(self, effect: PendingEffect) -> None:
        conversation_id = effect.conversation_id
        # Activation projects the log into the document.
        ref = self._actors.ensure_active(conversation_id)
        info: ConversationInfo = await ref.ask(lambda reply: GetInfo("", 0, reply), ACTIVATION_TIMEOUT_S)
        record = await self._store.get(conversation_id)
        entries = await self._store.read(conversation_id, effect.since_seq, info.head)
        for entry in entries[:ENTRIES_PER_EFFECT_MAX]:
            if record is None or not isinstance(entry, MessageEntry):
                continue
            if entry.membership is not None:
                await self._membership_notifier.notify_change(record, entry)
            if entry.mentions:
                await self._mentions.notify(entry, record.participants)
        await self._store.remove_pending_effect(effect.key)

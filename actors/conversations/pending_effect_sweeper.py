"""Telling what a process that died had begun: it changed who is in a conversation, or named somebody.

Every instance looks at intervals for intents that stand longer than any living process needs. What they
are about is read from the log and told again; being told twice harms nobody. It never changes the log.
"""

import asyncio
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
from storage.contracts.messaging import MessageEntry, MessagingStore, PendingEffect
from storage.errors import StorageError

_log = logging.getLogger(__name__)
SWEEP_PERIOD_S = 5.0
PENDING_AGE_MS = 5_000
ACTIVATION_TIMEOUT_S = 5.0
ENTRIES_PER_EFFECT_MAX = 1000


class PendingEffectSweeper:
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
        # Not all instances at the same moment.
        self._wheel.call_later(SWEEP_PERIOD_S * random.uniform(0.5, 1.0), self._start_sweep)  # noqa: S311 - spreads load

    async def close(self) -> None:
        self._closed = True
        if self._sweep_task is not None:
            self._sweep_task.cancel()
            await asyncio.gather(self._sweep_task, return_exceptions=True)

    async def sweep(self, older_than_ms: int) -> None:
        """Tell again what intents older than that are about, and settle them."""
        for intent in await self._store.list_pending_effects():
            if intent.created_at_ms <= now_ms() - older_than_ms:
                await self._complete(intent)

    def _start_sweep(self) -> None:
        if not self._closed:
            self._sweep_task = asyncio.create_task(self._run_sweep())

    async def _run_sweep(self) -> None:
        try:
            await self.sweep(PENDING_AGE_MS)
        except (StorageError, ApiError, MailboxFull, Stopped, TimeoutError):
            _log.warning("what others left untold could not be told yet")
        finally:
            self.start()

    async def _complete(self, effect: PendingEffect) -> None:
        conversation_id = effect.conversation_id
        # Waking it brings its document up to its log.
        cell = self._actors.ensure_active(conversation_id)
        sight: ConversationInfo = await cell.ask(lambda reply: GetInfo("", 0, reply), ACTIVATION_TIMEOUT_S)
        record = await self._store.get(conversation_id)
        entries = await self._store.read(conversation_id, effect.since_seq, sight.head)
        for entry in entries[:ENTRIES_PER_EFFECT_MAX]:
            if record is None or not isinstance(entry, MessageEntry):
                continue
            if entry.membership is not None:
                await self._membership_notifier.notify_change(record, entry)
            if entry.mentions:
                await self._mentions.notify(entry, record.participants)
        await self._store.remove_pending_effect(effect.key)

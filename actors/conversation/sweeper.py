"""Telling what a process that died had begun: it changed who is in a conversation, or named somebody.

Every instance looks at intervals for intents that stand longer than any living process needs. What they
are about is read from the log and told again; being told twice harms nobody. It never changes the log.
"""

import asyncio
import logging
import random

from actors.conversation.announcer import Announcer
from actors.conversation.house import Mentions
from actors.conversation.letters import Letter, Look, Sight
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Registry
from actors.runtime.wheel import Wheel
from actors.wire.moment import now_ms
from actors.wire.refusal import Refusal
from storage.contracts.messaging import MessagingStore
from storage.errors import StorageError
from storage.records.messaging import Intent, MessageEntry

_log = logging.getLogger(__name__)
LOOK_S = 5.0
OLD_MS = 5_000
HEAL_S = 5.0
ENTRIES = 1000


class Sweeper:
    def __init__(
        self,
        store: MessagingStore,
        actors: Registry[str, Letter],
        announcer: Announcer,
        mentions: Mentions,
        wheel: Wheel,
    ) -> None:
        self._store = store
        self._actors = actors
        self._announcer = announcer
        self._mentions = mentions
        self._wheel = wheel
        self._sweeping: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        # Not all instances at the same moment.
        self._wheel.after(LOOK_S * random.uniform(0.5, 1.0), self._look)  # noqa: S311 - spreads load

    async def close(self) -> None:
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def sweep(self, older_than_ms: int) -> None:
        """Tell again what intents older than that are about, and settle them."""
        for intent in await self._store.intents():
            if intent.at_ms <= now_ms() - older_than_ms:
                await self._tell(intent)

    def _look(self) -> None:
        if not self._closed:
            self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        try:
            await self.sweep(OLD_MS)
        except (StorageError, Refusal, MailboxFull, Stopped, TimeoutError):
            _log.warning("what others left untold could not be told yet")
        finally:
            self.start()

    async def _tell(self, intent: Intent) -> None:
        conversation_id = intent.conversation_id
        # Waking it brings its document up to its log.
        cell = self._actors.cell(conversation_id)
        sight: Sight = await cell.ask(lambda reply: Look("", 0, reply), HEAL_S)
        record = await self._store.get(conversation_id)
        entries = await self._store.read(conversation_id, intent.since_seq, sight.head)
        for entry in entries[:ENTRIES]:
            if record is None or not isinstance(entry, MessageEntry):
                continue
            if entry.membership is not None:
                await self._announcer.announce(record, entry)
            if entry.mentions:
                await self._mentions.notify(entry, record.participants)
        await self._store.settle(intent.key)

"""Notifies those whom a message names, if they are in its conversation.

    stored message -> those who did not mute it -> notices (each once for ever) -> the devices

The conversation has noted durably, before, that there is something to tell; `done` tells it when it is.
It never reads a message's content.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from actors.notifications import notification_templates
from actors.notifications.notification_pusher import NotificationPusher
from actors.protocol.errors import ApiError
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.messaging import ConversationStore, MessageEntry
from storage.contracts.notifications import NotificationStore
from storage.errors import StorageError

_log = logging.getLogger(__name__)
MAX_RUNNING = 8
MAX_PENDING = 1000


class MentionNotifier:
    """Implements `actors.conversations.conversation_services.Mentions`."""

    def __init__(
        self,
        store: NotificationStore,
        conversations: ConversationStore,
        user_cards: UserCards,
        block_service: BlockService,
        notification_pusher: NotificationPusher,
    ) -> None:
        self._store = store
        self._conversations = conversations
        self._user_cards = user_cards
        self._block_service = block_service
        self._notification_pusher = notification_pusher
        self._slots = asyncio.Semaphore(MAX_RUNNING)
        self._tasks: set[asyncio.Task[None]] = set()

    def notify_later(
        self, entry: MessageEntry, members: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        named = [one for one in entry.mentions if one in members and one != entry.sender_id]
        if not named:
            on_done(True)
            return
        if len(self._tasks) >= MAX_PENDING:
            on_done(False)
            return
        self.run_in_background(self._notify_and_report(entry, named, on_done))

    def run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def notify(self, entry: MessageEntry, members: Collection[str]) -> None:
        """Notify now. Raises `StorageError` or `Refusal` where that has to be tried again."""
        named = [one for one in entry.mentions if one in members and one != entry.sender_id]
        by = (await self._user_cards.find([entry.sender_id])).get(entry.sender_id)
        if by is None:
            return
        spared = set(await self._block_service.list_blocked_users(entry.sender_id))
        marks = await self._conversations.get_read_marks([(entry.conversation_id, one) for one in named])
        spared |= {mark.user_id for mark in marks if mark.muted}
        made = [
            notification_templates.mentioned(one, by, entry.conversation_id, entry.id)
            for one in named
            if one not in spared
        ]
        if made:
            await self._store.add(made, None)
            self._notification_pusher.wake()

    async def close(self) -> None:
        """Let what is under way finish; ended by its caller's deadline."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _notify_and_report(
        self, entry: MessageEntry, mentioned_ids: list[str], on_done: Callable[[bool], None]
    ) -> None:
        told = False
        try:
            async with self._slots:
                await self.notify(entry, mentioned_ids)
            told = True
        except (StorageError, ApiError) as error:
            _log.warning("mentions are told later: %s", type(error).__name__)
        finally:
            on_done(told)

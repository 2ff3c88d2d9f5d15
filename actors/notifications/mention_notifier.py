"""Notifies members who are mentioned in a message.

    stored message -> mentioned members who have not muted it -> notifications (at most one each) -> devices

The conversation stores a pending effect beforehand, and deletes it when `on_done(True)` is called. After
`on_done(False)`, or a crash, the mention is retried.
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
from storage.outages import failure_level

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
        mentioned_ids = _mentioned_members(entry, members)
        if not mentioned_ids:
            on_done(True)
            return
        if len(self._tasks) >= MAX_PENDING:
            on_done(False)
            return
        self.run_in_background(self._notify_and_report(entry, mentioned_ids, on_done))

    def run_in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def notify(self, entry: MessageEntry, members: Collection[str]) -> None:
        """Notify now. Raises `StorageError` or `ApiError` if it must be retried."""
        mentioned_ids = _mentioned_members(entry, members)
        sender = (await self._user_cards.find([entry.sender_id])).get(entry.sender_id)
        if sender is None:
            return
        excluded_ids = set(await self._block_service.list_blocked_users(entry.sender_id))
        marks = await self._conversations.get_read_marks(
            [(entry.conversation_id, user_id) for user_id in mentioned_ids]
        )
        excluded_ids |= {mark.user_id for mark in marks if mark.muted}
        notifications = [
            notification_templates.mentioned(user_id, sender, entry.conversation_id, entry.id)
            for user_id in mentioned_ids
            if user_id not in excluded_ids
        ]
        if notifications:
            await self._store.add(notifications, None)
            self._notification_pusher.wake()

    async def close(self) -> None:
        """Wait until running work has finished. The caller sets the deadline."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _notify_and_report(
        self, entry: MessageEntry, mentioned_ids: list[str], on_done: Callable[[bool], None]
    ) -> None:
        notified = False
        try:
            async with self._slots:
                await self.notify(entry, mentioned_ids)
            notified = True
        except (StorageError, ApiError) as error:
            _log.log(failure_level(error), "mention notifications will be retried: %s", type(error).__name__)
        finally:
            on_done(notified)


def _mentioned_members(entry: MessageEntry, members: Collection[str]) -> list[str]:
    return [user_id for user_id in entry.mentions if user_id in members and user_id != entry.sender_id]

"""Notifies members who are mentioned in a message.

    stored message -> mentioned members, except those who mute the conversation or the sender
        -> one notification each -> devices

The conversation stores a pending effect beforehand, and deletes it when `on_done(True)` is called. After
`on_done(False)`, or a crash, the mention is retried. So are notifications that could not be withdrawn.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from actors.notifications import notification_templates
from actors.notifications.notification_pusher import NotificationPusher
from actors.notifications.notifications import Notifications
from actors.notifications.sender_filter import SenderFilter
from actors.protocol.errors import ApiError
from actors.runtime.task_pool import TaskPool
from actors.user_cache.user_cards import UserCards
from storage.contracts.message_log import MessageEntry
from storage.contracts.messaging import ConversationStore
from storage.contracts.notifications import NotificationSource, NotificationStore
from storage.errors import StorageError
from storage.outages import failure_level

_log = logging.getLogger(__name__)
MAX_RUNNING = 8
MAX_PENDING = 1000
WITHDRAW_RETRY_DELAYS_S = (0.5, 2.0, 5.0)


class MentionNotifier:
    """Implements `actors.conversations.conversation_dependencies.Mentions`."""

    def __init__(
        self,
        store: NotificationStore,
        conversations: ConversationStore,
        user_cards: UserCards,
        sender_filter: SenderFilter,
        notification_pusher: NotificationPusher,
        notifications: Notifications,
    ) -> None:
        self._store = store
        self._conversations = conversations
        self._user_cards = user_cards
        self._sender_filter = sender_filter
        self._notification_pusher = notification_pusher
        self._notifications = notifications
        self._task_pool = TaskPool("mention notifications", MAX_PENDING, MAX_RUNNING)

    def notify_later(
        self, entry: MessageEntry, members: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        mentioned_ids = _mentioned_members(entry, members)
        if not mentioned_ids:
            on_done(True)
        elif not self._task_pool.submit(lambda: self._notify_and_report(entry, mentioned_ids, on_done)):
            on_done(False)

    async def notify(self, entries: Sequence[MessageEntry], members: Collection[str]) -> None:
        """Notify now, for messages of one conversation. Raises `StorageError` or `ApiError`."""
        mentioned = {entry.id: _mentioned_members(entry, members) for entry in entries}
        mentioning = [entry for entry in entries if mentioned[entry.id]]
        if not mentioning:
            return
        sender_ids = list(dict.fromkeys(entry.sender_id for entry in mentioning))
        senders = await self._user_cards.find(sender_ids)
        unwanted_pairs = await self._sender_filter.find_unwanted_pairs(
            [(entry.sender_id, user_id) for entry in mentioning for user_id in mentioned[entry.id]]
        )
        muted = await self._find_muted(mentioning[0].conversation_id, mentioned.values())
        notifications = [
            notification_templates.mentioned(
                user_id, senders[entry.sender_id], entry.conversation_id, entry.id
            )
            for entry in mentioning
            if entry.sender_id in senders
            for user_id in mentioned[entry.id]
            if user_id not in muted and (entry.sender_id, user_id) not in unwanted_pairs
        ]
        if notifications:
            await self._store.add(notifications, None)
            self._notification_pusher.wake()

    async def close(self) -> None:
        """Wait until running work has finished. The caller sets the deadline."""
        await self._task_pool.drain()

    async def _find_muted(self, conversation_id: str, user_ids: Iterable[Sequence[str]]) -> set[str]:
        distinct_ids = dict.fromkeys(itertools.chain.from_iterable(user_ids))
        marks = await self._conversations.get_read_marks(
            [(conversation_id, user_id) for user_id in distinct_ids]
        )
        return {mark.user_id for mark in marks if mark.muted}

    def withdraw_message(self, message: MessageEntry, on_done: Callable[[bool], None]) -> None:
        self._withdraw_later(lambda: self.withdraw(message.conversation_id, [message], ()), on_done)

    def withdraw_conversation(
        self, conversation_id: str, user_ids: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        self._withdraw_later(lambda: self.withdraw(conversation_id, (), user_ids), on_done)

    async def withdraw(
        self, conversation_id: str, messages: Sequence[MessageEntry], user_ids: Collection[str]
    ) -> None:
        """Withdraw now. Raises `StorageError` or `ApiError`."""
        sources = [
            NotificationSource(user_id, notification_templates.mention_source(message.id))
            for message in messages
            for user_id in message.mentions
        ]
        await self._notifications.push_removed(await self._store.withdraw(sources, permanent=True))
        if user_ids:
            await self._notifications.push_removed(
                await self._store.remove_of_conversation(list(user_ids), conversation_id)
            )
        self._notification_pusher.wake()

    def _withdraw_later(
        self, withdraw: Callable[[], Awaitable[None]], on_done: Callable[[bool], None]
    ) -> None:
        if not self._task_pool.submit(lambda: self._withdraw_and_report(withdraw, on_done)):
            on_done(False)

    async def _withdraw_and_report(
        self, withdraw: Callable[[], Awaitable[None]], on_done: Callable[[bool], None]
    ) -> None:
        is_withdrawn = False
        try:
            for delay_s in WITHDRAW_RETRY_DELAYS_S:
                try:
                    await withdraw()
                except (StorageError, ApiError) as error:
                    _log.log(
                        failure_level(error),
                        "mention notifications will be withdrawn later: %s",
                        type(error).__name__,
                    )
                    await asyncio.sleep(delay_s)
                else:
                    is_withdrawn = True
                    break
        finally:
            on_done(is_withdrawn)

    async def _notify_and_report(
        self, entry: MessageEntry, mentioned_ids: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        notified = False
        try:
            await self.notify([entry], mentioned_ids)
            notified = True
        except (StorageError, ApiError) as error:
            _log.log(failure_level(error), "mention notifications will be retried: %s", type(error).__name__)
        finally:
            on_done(notified)


def _mentioned_members(entry: MessageEntry, members: Collection[str]) -> list[str]:
    return [user_id for user_id in entry.mentions if user_id in members and user_id != entry.sender_id]

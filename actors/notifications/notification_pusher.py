"""Tells the devices of a user about notifications, through the user's stream.

    kept, not told -> appended to the stream -> noted as told

A process that dies between the two steps leaves it untold, and the next look tells it again: devices know
a notification by its id. It never makes one.
"""

import asyncio
import contextlib
import logging

from actors.delivery.stream_writer import StreamWriter
from actors.notifications.serializers import to_notification
from actors.protocol.server_frames import NotificationCreated
from actors.user_cache.user_cards import UserCards
from storage.contracts.notifications import NotificationStore
from storage.errors import StorageError

_log = logging.getLogger(__name__)
BATCH_SIZE = 200
POLL_INTERVAL_S = 5.0


class NotificationPusher:
    def __init__(self, store: NotificationStore, user_cards: UserCards, stream_writer: StreamWriter) -> None:
        self._store = store
        self._user_cards = user_cards
        self._stream_writer = stream_writer
        self._wake_event = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wake(self) -> None:
        """Somebody is to be told."""
        self._wake_event.set()

    async def push_undelivered(self) -> int:
        """Tell all that is untold; answers how many that were."""
        told = 0
        while untold := await self._store.list_undelivered(BATCH_SIZE):
            senders = [one.notification.sender for one in untold if one.notification.sender is not None]
            cards = await self._user_cards.for_records(senders)
            appends = (
                self._stream_writer.append(
                    [one.notification.recipient_id],
                    NotificationCreated(0, to_notification(one.notification, cards), one.unread_count),
                )
                for one in untold
            )
            await asyncio.gather(*appends)
            await self._store.mark_delivered([one.notification for one in untold])
            told += len(untold)
        return told

    async def _run(self) -> None:
        while True:
            try:
                await self.push_undelivered()
            except StorageError as error:
                _log.warning("notifications could not be told yet: %s", type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_INTERVAL_S):
                    await self._wake_event.wait()
            self._wake_event.clear()

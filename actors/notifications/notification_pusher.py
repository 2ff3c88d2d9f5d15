"""Pushes stored notifications to the users' devices, through the user streams.

    stored, undelivered -> appended to the recipient's stream -> marked as delivered

At least once: after a crash between the last two steps, or if two instances push at the same time, a
notification is pushed again. Clients deduplicate by its id. A notification that could not be appended stays
undelivered; any instance pushes it at one of its next polls. It does not delay those of users whose streams
are on another server.
"""

import asyncio
from datetime import UTC, datetime

from actors.delivery.stream_writer import StreamWriter
from actors.notifications.quiet_hours import is_quiet
from actors.notifications.serializers import to_notification
from actors.protocol.server_frames import NotificationCreated
from actors.runtime.periodic_job import PeriodicJob
from actors.user_cache.user_cards import UserCards
from storage.contracts.notifications import NotificationStore
from storage.contracts.paging import PageKey, to_microseconds

BATCH_SIZE = 200
POLL_INTERVAL_S = 3.0
FAILED_BATCHES_MAX = 5
"""Batches in a row of which nothing could be appended, after which a poll ends."""


class NotificationPusher:
    def __init__(self, store: NotificationStore, user_cards: UserCards, stream_writer: StreamWriter) -> None:
        self._store = store
        self._user_cards = user_cards
        self._stream_writer = stream_writer
        # The key after which the next poll continues, because something before it could not be appended.
        self._after: PageKey | None = None
        self._job = PeriodicJob("pushing of notifications", self.push_undelivered, POLL_INTERVAL_S)

    def start(self) -> None:
        self._job.start()

    async def close(self) -> None:
        await self._job.close()

    def wake(self) -> None:
        """Push soon: there may be undelivered notifications."""
        self._job.wake()

    async def push_undelivered(self) -> int:
        """Push undelivered notifications. Returns how many were pushed.

        Those that cannot be appended are tried again after the later ones.
        """
        pushed_count = failed_batches = 0
        while failed_batches < FAILED_BATCHES_MAX:
            undelivered = await self._store.list_undelivered(self._after, BATCH_SIZE)
            if not undelivered:
                self._after = None
                break
            senders = [
                item.notification.sender for item in undelivered if item.notification.sender is not None
            ]
            cards = await self._user_cards.for_records(senders)
            now = datetime.now(UTC)
            appends = (
                self._stream_writer.append(
                    [item.notification.recipient_id],
                    NotificationCreated(
                        0,
                        to_notification(item.notification, cards),
                        item.unread_count,
                        silent=is_quiet(item.quiet_hours, now),
                    ),
                )
                for item in undelivered
            )
            appended = [
                item.notification
                for item, is_appended in zip(undelivered, await asyncio.gather(*appends), strict=True)
                if is_appended
            ]
            if appended:
                await self._store.mark_delivered(appended)
            pushed_count += len(appended)
            failed_batches = 0 if appended else failed_batches + 1
            if len(appended) < len(undelivered):
                last = undelivered[-1].notification
                self._after = to_microseconds(last.created_at), last.id
        return pushed_count

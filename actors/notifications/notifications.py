"""A user's notifications: list, unread count, and marking as read, which is pushed to all devices."""

from collections.abc import Mapping, Sequence

from actors.data_loader import DataLoader
from actors.delivery.stream_writer import StreamWriter
from actors.notifications.serializers import to_notification
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.server_frames import NotificationRead
from actors.protocol.social_objects import Notification
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from config.accounts import CONNECT_LOOKUP_INTERVAL_S
from storage.contracts.notifications import NotificationStore
from storage.contracts.paging import PageKey


class Notifications:
    def __init__(
        self,
        store: NotificationStore,
        user_cards: UserCards,
        block_service: BlockService,
        stream_writer: StreamWriter,
    ) -> None:
        self._store = store
        self._user_cards = user_cards
        self._block_service = block_service
        self._stream_writer = stream_writer
        self._unread_loader: DataLoader[int] = DataLoader(self._load_unread_counts, CONNECT_LOOKUP_INTERVAL_S)

    async def page(
        self, user_id: str, before: PageKey | None, limit: int, *, unread_only: bool
    ) -> KeysetPage[Notification]:
        blocked_ids = await self._block_service.list_blocked_users(user_id)
        records = await self._store.page(user_id, before, blocked_ids, limit + 1, unread_only=unread_only)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        cards = await self._user_cards.for_records(
            record.sender for record in page if record.sender is not None
        )
        return KeysetPage([to_notification(record, cards) for record in page], key)

    async def count_unread(self, user_id: str) -> int:
        """Return the number of unread notifications. Batched per event-loop tick."""
        return await self._unread_loader.get(user_id) or 0

    async def mark_read(self, user_id: str, notification_id: str) -> None:
        changed = await self._store.mark_read(user_id, notification_id)
        if changed is None:
            raise ApiError("notification.not_found", "No such notification.")
        if changed:
            await self._push_read(user_id, [notification_id])

    async def mark_all_read(self, user_id: str) -> None:
        if await self._store.mark_all_read(user_id):
            await self._push_read(user_id, None)

    async def push_removed(self, user_id: str, ids: Sequence[str]) -> None:
        """Push the removal of notifications, as `notification.read`."""
        await self._push_read(user_id, list(ids), withdrawn=True)

    async def close(self) -> None:
        await self._unread_loader.close()

    async def _push_read(self, user_id: str, ids: list[str] | None, *, withdrawn: bool = False) -> None:
        unread = await self.count_unread(user_id)
        await self._stream_writer.append([user_id], NotificationRead(0, ids, unread, withdrawn))

    async def _load_unread_counts(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        return await self._store.unread_counts(user_ids)

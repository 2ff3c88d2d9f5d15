"""A user's notifications: list, unread count, and marking as read, which is pushed to all devices."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from actors.data_loader import DataLoader
from actors.delivery.stream_writer import StreamWriter
from actors.notifications.serializers import to_notification
from actors.pagination import KeysetPage, paginate_filtered
from actors.posts.visibility import PostVisibilityChecker
from actors.protocol.errors import ApiError
from actors.protocol.notification_objects import TYPES_ABOUT_EVENTS, TYPES_ABOUT_POSTS, Notification
from actors.protocol.server_frames import NotificationRead
from actors.retries import retry_until_available
from actors.runtime.task_pool import TaskPool
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from config.accounts import CONNECT_LOOKUP_INTERVAL_S
from config.limits import NOTIFICATION_IDS_PER_FRAME
from storage.contracts.notifications import DeletedIds, NotificationRecord, NotificationStore
from storage.contracts.paging import PageKey
from storage.errors import Unavailable

LATE_PUSHES_MAX: Final = 10_000
LATE_PUSHES_RUNNING_MAX: Final = 8


class Notifications:
    def __init__(
        self,
        store: NotificationStore,
        user_cards: UserCards,
        block_service: BlockService,
        post_visibility: PostVisibilityChecker,
        stream_writer: StreamWriter,
    ) -> None:
        self._store = store
        self._user_cards = user_cards
        self._block_service = block_service
        self._post_visibility = post_visibility
        self._stream_writer = stream_writer
        self._unread_loader: DataLoader[int] = DataLoader(self._load_unread_counts)
        self._connect_loader: DataLoader[int] = DataLoader(
            self._load_unread_counts, CONNECT_LOOKUP_INTERVAL_S
        )
        self._late_pushes = TaskPool("late pushes of notifications", LATE_PUSHES_MAX, LATE_PUSHES_RUNNING_MAX)

    async def page(
        self, user_id: str, before: PageKey | None, limit: int, *, unread_only: bool
    ) -> KeysetPage[Notification]:
        """List notifications, without those of blocked users and about posts that the user cannot see."""
        blocked_ids = await self._block_service.list_blocked_users(user_id)

        async def read(page_key: PageKey | None, count: int) -> list[NotificationRecord]:
            return await self._store.page(user_id, page_key, blocked_ids, count, unread_only=unread_only)

        async def keep(records: Sequence[NotificationRecord]) -> list[NotificationRecord]:
            posts = {record.id: (user_id, post_id) for record in records if (post_id := post_of(record))}
            visible = await self._post_visibility.find_visible(posts.values())
            return [record for record in records if record.id not in posts or posts[record.id] in visible]

        page, key = await paginate_filtered(
            read, keep, before, limit, lambda record: (record.created_at, record.id)
        )
        cards = await self._user_cards.for_records(
            record.sender for record in page if record.sender is not None
        )
        return KeysetPage([to_notification(record, cards) for record in page], key)

    async def count_unread(self, user_id: str) -> int:
        """Return the number of unread notifications. Batched per loop tick."""
        return await self._unread_loader.get(user_id) or 0

    async def count_unread_on_connect(self, user_id: str) -> int:
        """Return the same, up to `CONNECT_LOOKUP_INTERVAL_S` later: many connects at once share a query."""
        return await self._connect_loader.get(user_id) or 0

    async def mark_read(self, user_id: str, notification_id: str) -> None:
        changed = await self._store.mark_read(user_id, notification_id)
        if changed is None:
            raise ApiError("notification.not_found", "No such notification.")
        if changed:
            await self._push_read(user_id, [notification_id])

    async def mark_all_read(self, user_id: str) -> None:
        if await self._store.mark_all_read(user_id):
            await self._push_read(user_id, None)

    async def push_removed(self, deleted: DeletedIds) -> None:
        """Push the removal of notifications to each recipient, as `notification.read`.

        A block can remove very many: in several frames, because one frame must fit into a send queue. What
        cannot be pushed now is pushed later: the caller could not repeat it, as the notifications are gone.
        Raises `Unavailable` or `ApiError` only while `LATE_PUSHES_MAX` pushes wait already.
        """
        for user_id, ids in deleted.items():
            for start in range(0, len(ids), NOTIFICATION_IDS_PER_FRAME):
                part = list(ids[start : start + NOTIFICATION_IDS_PER_FRAME])
                await self._push_read(user_id, part, withdrawn=True)

    async def close(self) -> None:
        await self._late_pushes.cancel()
        await self._unread_loader.close()
        await self._connect_loader.close()

    async def _push_read(self, user_id: str, ids: list[str] | None, *, withdrawn: bool = False) -> None:
        """Push a change that is stored already; in the background if the unread count cannot be read now."""
        push = partial(self._count_and_push, user_id, ids, withdrawn=withdrawn)
        try:
            await push()
        except (Unavailable, ApiError):
            if not self._late_pushes.submit(lambda: retry_until_available(push)):
                raise

    async def _count_and_push(self, user_id: str, ids: list[str] | None, *, withdrawn: bool) -> None:
        unread = await self.count_unread(user_id)
        await self._stream_writer.append([user_id], NotificationRead(0, ids, unread, withdrawn))

    async def _load_unread_counts(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        return await self._store.unread_counts(user_ids)


def post_of(record: NotificationRecord) -> str | None:
    """Return the id of the post that a notification is about, if it is about one."""
    is_about_post = record.type in TYPES_ABOUT_POSTS and record.conversation_id is None
    return record.reference_id if is_about_post else None


def event_of(record: NotificationRecord) -> str | None:
    """Return the id of the event that a notification is about, if it is about one."""
    return record.reference_id if record.type in TYPES_ABOUT_EVENTS else None

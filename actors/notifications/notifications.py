"""One's notifications: the list, how many are unread, and reading them, told to all of one's devices.

Never shows anybody another's.
"""

from collections.abc import Mapping, Sequence

from actors.accounts.lookups import Lookups
from actors.delivery.stream_writer import StreamWriter
from actors.notifications.rendering import notification
from actors.people.people import People
from actors.people.slice import Slice, cut
from actors.protocol.errors import ApiError
from actors.protocol.server_frames import NotificationRead
from actors.protocol.social_objects import Notification
from actors.social.relations import Relations
from storage.contracts.notifications import NotificationStore
from storage.contracts.social import PageKey


class Notifications:
    def __init__(
        self, store: NotificationStore, people: People, relations: Relations, streams: StreamWriter
    ) -> None:
        self._store = store
        self._people = people
        self._relations = relations
        self._streams = streams
        self._counts: Lookups[int] = Lookups(self._load)

    async def page(
        self, user_id: str, before: PageKey | None, limit: int, *, unread_only: bool
    ) -> Slice[Notification]:
        hidden = await self._relations.hidden(user_id)
        found = await self._store.page(user_id, before, hidden, limit + 1, unread_only=unread_only)
        page, key = cut(found, limit, lambda record: (record.created_at, record.id))
        cards = await self._people.shown(one.sender for one in page if one.sender is not None)
        return Slice([notification(one, cards) for one in page], key)

    async def unread_count(self, user_id: str) -> int:
        """Gathered with others of the same tick into one look."""
        return await self._counts.get(user_id) or 0

    async def read(self, user_id: str, notification_id: str) -> None:
        changed = await self._store.mark_read(user_id, notification_id)
        if changed is None:
            raise ApiError("notification.not_found", "No such notification.")
        if changed:
            await self._tell(user_id, [notification_id])

    async def read_all(self, user_id: str) -> None:
        if await self._store.mark_all_read(user_id):
            await self._tell(user_id, None)

    async def dropped(self, user_id: str, ids: Sequence[str]) -> None:
        """These are no longer there: devices take them as read."""
        await self._tell(user_id, list(ids))

    async def close(self) -> None:
        await self._counts.close()

    async def _tell(self, user_id: str, ids: list[str] | None) -> None:
        unread = await self.unread_count(user_id)
        await self._streams.append([user_id], NotificationRead(0, ids, unread))

    async def _load(self, user_ids: Sequence[str]) -> Mapping[str, int]:
        return await self._store.unread_counts(user_ids)

"""Following, blocking, and the lists and counts of it.

Whoever is blocked finds nobody: `user.not_found`. Never holds state; the store's fences decide.
"""

from collections.abc import Callable, Sequence

from actors.people.people import People
from actors.people.slice import Slice, cut
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import SocialStats
from actors.social.relations import Relations
from storage.contracts.social import PageKey, SocialStore
from storage.errors import Conflict
from storage.records.social import FollowRecord


class Social:
    """`changed` is called after a write, `parted` with two between whom a block came or went."""

    def __init__(
        self,
        store: SocialStore,
        people: People,
        relations: Relations,
        changed: Callable[[], None],
        parted: Callable[[str, str], None],
    ) -> None:
        self._store = store
        self._people = people
        self._relations = relations
        self._changed = changed
        self._parted = parted

    async def follow(self, user_id: str, other_id: str) -> None:
        if user_id == other_id:
            raise invalid_field("id", "Nobody follows themselves.")
        await self._people.card(other_id)
        try:
            await self._store.follow(user_id, other_id)
        except Conflict as conflict:
            if conflict.constraint == "follows_blocked":
                raise nobody() from None
            raise
        self._changed()

    async def unfollow(self, user_id: str, other_id: str) -> None:
        """Also of somebody who is gone: then it is so already."""
        await self._store.unfollow(user_id, other_id)
        self._changed()

    async def block(self, user_id: str, other_id: str) -> None:
        """Whoever was blocked by the other may still block back, and so must be found."""
        if user_id == other_id:
            raise invalid_field("id", "Nobody blocks themselves.")
        await self._people.card(other_id)
        await self._store.block(user_id, other_id)
        self._parted(user_id, other_id)
        self._changed()

    async def unblock(self, user_id: str, other_id: str) -> None:
        await self._store.unblock(user_id, other_id)
        self._parted(user_id, other_id)
        self._changed()

    async def followers(
        self, viewer_id: str, user_id: str, before: PageKey | None, limit: int
    ) -> Slice[UserCard]:
        await self._need_user(viewer_id, user_id)
        hidden = await self._relations.hidden(viewer_id)
        return await self._page(await self._store.followers(user_id, before, hidden, limit + 1), limit)

    async def following(
        self, viewer_id: str, user_id: str, before: PageKey | None, limit: int
    ) -> Slice[UserCard]:
        await self._need_user(viewer_id, user_id)
        hidden = await self._relations.hidden(viewer_id)
        return await self._page(await self._store.following(user_id, before, hidden, limit + 1), limit)

    async def stats(self, viewer_id: str, user_id: str) -> SocialStats:
        await self._need_user(viewer_id, user_id)
        found = await self._store.stats(user_id)
        return SocialStats(user_id, found.followers_count, found.following_count, found.posts_count)

    async def _need_user(self, viewer_id: str, user_id: str) -> None:
        """Refuse where there is no such user for the viewer."""
        await self._people.card(user_id)
        if await self._relations.apart(viewer_id, user_id):
            raise nobody()

    async def _page(self, found: Sequence[FollowRecord], limit: int) -> Slice[UserCard]:
        page, key = cut(found, limit, lambda record: (record.created_at, record.id))
        cards = await self._people.shown(record.user for record in page)
        return Slice([cards[record.user.id] for record in page], key)


def nobody() -> ApiError:
    return ApiError("user.not_found", "No such user.")

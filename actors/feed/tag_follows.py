"""Tags that a user follows: the home feed reads their posts. Stateless.

A tag and all spellings that fold to the same are one. No other user sees who follows a tag.
"""

from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.social_objects import Tag
from actors.protocol.tags import require_tag_key
from config.limits import TAG_FOLLOWS_MAX
from storage.contracts.feed import TagFollowStore
from storage.contracts.paging import PageKey


class TagFollows:
    def __init__(self, store: TagFollowStore) -> None:
        self._store = store

    async def get(self, user_id: str, tag: str) -> Tag:
        """Return a tag, which exists whether it was used or not. Raises `request.invalid`."""
        followed = await self._store.get(user_id, require_tag_key(tag))
        return Tag(tag, following=False) if followed is None else Tag(followed.name, following=True)

    async def follow(self, user_id: str, tag: str) -> None:
        """Follow a tag. Idempotent. Concurrent calls may exceed the bound.

        Raises:
            ApiError: request.invalid, tag.limit.
        """
        key = require_tag_key(tag)
        if await self._store.count_others(user_id, key) >= TAG_FOLLOWS_MAX:
            raise ApiError("tag.limit", f"You can follow {TAG_FOLLOWS_MAX} tags.")
        await self._store.follow(user_id, key, tag)

    async def unfollow(self, user_id: str, tag: str) -> None:
        """Unfollow a tag. Idempotent. Raises `request.invalid`."""
        await self._store.unfollow(user_id, require_tag_key(tag))

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[Tag]:
        """Return the tags that a user follows, the latest first."""
        records = await self._store.page(user_id, before, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage([Tag(record.name, following=True) for record in page], key)

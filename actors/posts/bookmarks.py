"""Bookmarks: posts that a user keeps to find them again. No other user sees them."""

from collections.abc import Sequence

from actors.pagination import KeysetPage
from actors.posts.posts import Posts, post_not_found
from actors.posts.visibility import PostVisibilityChecker
from actors.protocol.errors import ApiError
from actors.protocol.social_objects import Post
from config.limits import BOOKMARKS_MAX
from storage.contracts.paging import PageKey
from storage.contracts.posts import BookmarkRecord, BookmarkStore
from storage.errors import Missing


class Bookmarks:
    def __init__(self, store: BookmarkStore, posts: Posts, visibility: PostVisibilityChecker) -> None:
        self._store = store
        self._posts = posts
        self._visibility = visibility

    async def add(self, user_id: str, post_id: str) -> None:
        """Bookmark a post, of a repost the original. Idempotent. Concurrent calls may exceed the bound.

        Raises:
            ApiError: post.not_found, bookmark.limit.
        """
        target_id = await self._posts.get_reaction_target(user_id, post_id)
        if await self._store.count_others(user_id, target_id, BOOKMARKS_MAX) >= BOOKMARKS_MAX:
            raise ApiError("bookmark.limit", f"You can keep at most {BOOKMARKS_MAX} bookmarks.")
        try:
            await self._store.add(target_id, user_id)
        except Missing:
            raise post_not_found() from None

    async def remove(self, user_id: str, post_id: str) -> None:
        """Remove a bookmark, also of a post that the user no longer sees. Raises `post.not_found`."""
        if not await self._store.remove(post_id, user_id):
            target_id = await self._posts.get_reaction_target(user_id, post_id)
            if target_id != post_id:
                await self._store.remove(target_id, user_id)

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[Post]:
        """Return bookmarked posts that the user can see, the latest bookmark first."""

        async def read(
            page_key: PageKey | None, excluded_authors: Sequence[str], count: int
        ) -> list[BookmarkRecord]:
            return await self._store.page(user_id, page_key, excluded_authors, count)

        page = await self._visibility.page(user_id, read, before, limit)
        post_ids = [record.post_id for record in page.rows]
        return KeysetPage(await self._posts.find_in_order(user_id, post_ids, page.access), page.next_key)

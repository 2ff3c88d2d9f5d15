"""The public timeline: all public posts, newest first.

Without posts of users with a block between them and the reader, of private accounts that the reader does not
follow, and of users whose posts the reader mutes. Stateless.
"""

from collections.abc import Sequence

from actors.pagination import KeysetPage
from actors.posts.posts import Posts
from actors.posts.visibility import PostVisibilityChecker
from actors.protocol.social_objects import Post
from storage.contracts.feed import FeedPosts
from storage.contracts.paging import PageKey
from storage.contracts.posts import PostRecord


class PublicTimeline:
    def __init__(self, posts: FeedPosts, visibility: PostVisibilityChecker, post_service: Posts) -> None:
        self._posts = posts
        self._visibility = visibility
        self._post_service = post_service

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[Post]:
        """Return a page of posts. Usually two statements: the posts, and whose the reader sees."""

        async def read(
            page_key: PageKey | None, excluded_authors: Sequence[str], count: int
        ) -> list[PostRecord]:
            return await self._posts.newest_public(page_key, user_id, excluded_authors, count)

        page = await self._visibility.page(user_id, read, before, limit, without_muted=True)
        return KeysetPage(await self._post_service.serialize(page.rows, user_id, page.access), page.next_key)

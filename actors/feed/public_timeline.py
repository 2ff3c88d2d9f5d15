"""The public timeline: all public posts, newest first.

Without posts of users with a block between them and the reader, and of those whose posts the reader mutes.
Stateless.
"""

from actors.pagination import KeysetPage, paginate
from actors.posts.posts import Posts
from actors.protocol.social_objects import Post
from storage.contracts.paging import PageKey
from storage.contracts.posts import FeedPosts
from storage.contracts.social import AudienceStore


class PublicTimeline:
    def __init__(self, posts: FeedPosts, audiences: AudienceStore, post_service: Posts) -> None:
        self._posts = posts
        self._audiences = audiences
        self._post_service = post_service

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[Post]:
        hidden_ids = await self._audiences.hidden_authors(user_id)
        records = await self._posts.newest_public(before, user_id, hidden_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        return KeysetPage(await self._post_service.serialize(page, user_id), key)

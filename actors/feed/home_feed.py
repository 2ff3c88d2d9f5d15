"""The home feed: posts of the user, of followed users and with followed tags, newest first.

    timeline (ids) + own posts, broadcast authors, tags (ranges) -> posts -> drop what the user no longer sees

A timeline is only a cache: its entries are checked against the stores, which answer alone if it is missing,
truncated or unavailable. Deletions, unfollows, mutes and blocks take effect at once. New posts of others may
appear with a delay; the user's own appear at once.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from actors.feed.timeline_builder import TimelineBuilder
from actors.pagination import KeysetPage, paginate
from actors.posts.posts import Posts
from actors.posts.visibility import ViewerAccess
from actors.protocol.social_objects import Post
from storage.contracts.feed import FeedPosts
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.post_access import PostAccess
from storage.contracts.posts import PostKey, PostRecord
from storage.contracts.social import AudienceStore, SocialStore
from storage.contracts.timelines import TimelinePage, Timelines
from storage.errors import Unavailable

TIMELINE_READS_MAX = 5
"""Timeline reads per page before the rest is read from the stores."""
TIMELINES_RETRY_S = 1.0
"""How long timelines are not used after they were unavailable."""


class FeedStores(msgspec.Struct, frozen=True):
    posts: FeedPosts
    social: SocialStore
    audiences: AudienceStore
    timelines: Timelines


class FirstFeedPage(msgspec.Struct, frozen=True):
    """The newest posts of a feed. `follows_no_one`: whether the user follows no user; tags do not count."""

    page: KeysetPage[Post]
    follows_no_one: bool


class HomeFeed:
    def __init__(
        self,
        stores: FeedStores,
        post_service: Posts,
        timeline_builder: TimelineBuilder,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._posts = stores.posts
        self._social = stores.social
        self._audiences = stores.audiences
        self._timelines = stores.timelines
        self._post_service = post_service
        self._timeline_builder = timeline_builder
        self._clock = clock
        self._timelines_retry_at = 0.0

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[Post]:
        """Return up to `limit` posts older than `before`.

        A page has fewer if it is the last one, or where repeated posts are left out, or posts that the user
        does not see: those of private accounts with a followed tag, and reposts of such posts.
        """
        page, _ = await self._page(user_id, before, limit)
        return page

    async def first_page(self, user_id: str, limit: int) -> FirstFeedPage:
        """Return the newest posts, like `page`. One more read if no followed author was found for it."""
        page, followed = await self._page(user_id, None, limit)
        follows_no_one = followed == {user_id} and (await self._social.stats(user_id)).following_count == 0
        return FirstFeedPage(page, follows_no_one)

    async def _page(
        self, user_id: str, before: PageKey | None, limit: int
    ) -> tuple[KeysetPage[Post], AbstractSet[str]]:
        """Return a page, and a set of the user and those followed authors who were found for it."""
        followed = {user_id}
        records = await self._collect(user_id, before, limit + 1, followed)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        # A block ends follows, and followers see all posts: the access to these authors need not be loaded.
        access = ViewerAccess(dict.fromkeys(followed, PostAccess.ALL))
        posts = await self._post_service.serialize(without_repetitions(page), user_id, access)
        return KeysetPage(posts, key), followed

    async def _collect(
        self, user_id: str, before: PageKey | None, count: int, followed: set[str]
    ) -> list[PostRecord]:
        """Return posts. Adds the authors whom the user follows to `followed`."""
        posts: list[PostRecord] = []
        for _ in range(TIMELINE_READS_MAX):
            timeline = await self._read_timeline(user_id, before, count)
            if timeline is None:
                break
            batch, floor = await self._hydrate(user_id, timeline, before, count, followed)
            posts += batch
            if len(posts) >= count:
                return posts[:count]
            if floor is not None:
                before = floor
            elif not timeline.truncated:
                return posts
            else:
                # The timeline ends here, but the feed continues after its last post.
                before = _key_after_timeline(timeline, before)
                break
        return posts + await self._read_stores(user_id, before, count - len(posts), followed)

    async def _read_timeline(self, user_id: str, before: PageKey | None, count: int) -> TimelinePage | None:
        if self._clock() < self._timelines_retry_at:
            return None
        before_key = None if before is None else PostKey(before[0], before[1], user_id)
        try:
            timeline = await self._timelines.read(user_id, before_key, count)
            if timeline is None and await self._timeline_builder.build(user_id):
                timeline = await self._timelines.read(user_id, before_key, count)
        except Unavailable:
            self._timelines_retry_at = self._clock() + TIMELINES_RETRY_S
            return None
        return timeline

    async def _hydrate(
        self,
        user_id: str,
        timeline: TimelinePage,
        before: PageKey | None,
        count: int,
        followed: set[str],
    ) -> tuple[list[PostRecord], PageKey | None]:
        """Return posts, and the key down to which they are complete; None if down to the timeline's end."""
        keys = timeline.keys
        if timeline.truncated and not keys:
            return [], None
        authors = {key.author_id for key in keys} | set(timeline.broadcast)
        authors.discard(user_id)
        ids = [key.id for key in keys]
        range_authors = [user_id, *timeline.broadcast]
        posts, shown = await asyncio.gather(
            self._posts.newest(ids, range_authors, before, user_id, (), count),
            self._social.feed_authors_among(user_id, sorted(authors)),
        )
        full = len(keys) >= count
        floor = (keys[-1].created_us, keys[-1].id) if full else None
        if floor is None and timeline.truncated and keys:
            # A truncated timeline says nothing about posts older than its last entry.
            posts = [post for post in posts if page_key(post) >= (keys[-1].created_us, keys[-1].id)]
        if len(posts) >= count:
            # The query hit its limit: the result is complete only down to its last post.
            floor = max(floor, page_key(posts[-1])) if floor else page_key(posts[-1])
        followed |= shown
        # A block deletes follows in the same transaction, so followed users are not blocked.
        visible_authors = shown | {user_id}
        others = await self._visible_others(user_id, posts, visible_authors)
        visible_posts = [
            post
            for post in posts
            if post.author.id in (visible_authors | others if post.has_followed_tag else visible_authors)
            and (
                not post.is_repost
                or (post.original is not None and post.original.author_id in visible_authors | others)
            )
            and (not floor or page_key(post) >= floor)
        ]
        return visible_posts, floor

    async def _visible_others(
        self, user_id: str, posts: Sequence[PostRecord], followed: AbstractSet[str]
    ) -> set[str]:
        """Return the authors of posts with followed tags, and of reposted ones, who are not blocked or muted.

        Without followed ones, who are known to be neither.
        """
        authors = {post.author.id for post in posts if post.has_followed_tag}
        authors |= {post.original.author_id for post in posts if post.is_repost and post.original is not None}
        authors -= followed
        return authors.difference(await self._audiences.excluded_authors(user_id)) if authors else authors

    async def _read_stores(
        self, user_id: str, before: PageKey | None, count: int, followed: set[str]
    ) -> list[PostRecord]:
        authors, hidden = await asyncio.gather(
            self._audiences.feed_authors(user_id), self._audiences.excluded_authors(user_id)
        )
        followed.update(authors)
        return await self._posts.newest([], [user_id, *authors], before, user_id, hidden, count)


def _key_after_timeline(timeline: TimelinePage, before: PageKey | None) -> PageKey | None:
    """Return the key from which the stores continue after a truncated timeline."""
    return (timeline.keys[-1].created_us, timeline.keys[-1].id) if timeline.keys else before


def without_repetitions(records: Sequence[PostRecord]) -> list[PostRecord]:
    """Keep the first record that shows a post: the post itself, or a repost of it."""
    shown: dict[str, PostRecord] = {}
    for record in records:
        shown.setdefault(record.original.id if record.is_repost and record.original else record.id, record)
    return list(shown.values())


def page_key(record: PostRecord) -> PageKey:
    return to_microseconds(record.created_at), record.id

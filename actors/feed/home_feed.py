"""One's home feed: own posts and those of whom one follows, the newest first.

    timeline (ids) + own and broadcasting authors (ranges) -> posts -> only of whom one follows now

A timeline makes it fast and never decides: what it holds is checked against the stores, and where it is
missing, cut off or away, the stores alone answer. A deletion, an unfollow and a block hold at once; what
came anew may follow a moment later, but for one's own posts.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from actors.feed.timeline_builder import TimelineBuilder
from actors.pagination import KeysetPage, paginate
from actors.posts.posts import Posts
from actors.protocol.social_objects import Post
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.posts import FeedPosts, PostKey, PostRecord
from storage.contracts.social import AudienceStore, SocialStore
from storage.contracts.timelines import TimelinePage, Timelines
from storage.errors import Unavailable

TIMELINE_READS_MAX = 5
"""How often a page is filled up from a timeline before the stores are asked for the rest."""
TIMELINES_RETRY_S = 1.0
"""How long timelines are left alone after they did not answer."""


class FeedStores(msgspec.Struct, frozen=True):
    posts: FeedPosts
    social: SocialStore
    audiences: AudienceStore
    timelines: Timelines


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
        """Up to `limit` posts behind that key; a page is full unless the feed ends there."""
        found = await self._collect(user_id, before, limit + 1)
        page, key = paginate(found, limit, lambda record: (record.created_at, record.id))
        return KeysetPage(await self._post_service.serialize(page), key)

    async def _collect(self, user_id: str, before: PageKey | None, count: int) -> list[PostRecord]:
        found: list[PostRecord] = []
        for _ in range(TIMELINE_READS_MAX):
            timeline = await self._read_timeline(user_id, before, count)
            if timeline is None:
                break
            some, through = await self._hydrate(user_id, timeline, before, count)
            found += some
            if len(found) >= count:
                return found[:count]
            if through is not None:
                before = through
            elif not timeline.truncated:
                return found
            else:
                # The timeline ends here, but not the feed: the rest lies behind its last post.
                before = _key_after_timeline(timeline, before)
                break
        return found + await self._read_stores(user_id, before, count - len(found))

    async def _read_timeline(self, user_id: str, before: PageKey | None, count: int) -> TimelinePage | None:
        if self._clock() < self._timelines_retry_at:
            return None
        place = None if before is None else PostKey(before[0], before[1], user_id)
        try:
            found = await self._timelines.read(user_id, place, count)
            if found is None and await self._timeline_builder.build(user_id):
                found = await self._timelines.read(user_id, place, count)
        except Unavailable:
            self._timelines_retry_at = self._clock() + TIMELINES_RETRY_S
            return None
        return found

    async def _hydrate(
        self, user_id: str, timeline: TimelinePage, before: PageKey | None, count: int
    ) -> tuple[list[PostRecord], PageKey | None]:
        """The posts, and the key down to which that is all of them; None: down to the timeline's end."""
        keys = timeline.keys
        if timeline.truncated and not keys:
            return [], None
        authors = {key.author_id for key in keys} | set(timeline.broadcast)
        authors.discard(user_id)
        ids = [key.id for key in keys]
        ranged = [user_id, *timeline.broadcast]
        posts, followed = await asyncio.gather(
            self._posts.newest(ids, ranged, before, user_id, count),
            self._social.followed_among(user_id, sorted(authors)),
        )
        full = len(keys) >= count
        floor = (keys[-1].created_us, keys[-1].id) if full else None
        if floor is None and timeline.truncated and keys:
            # Nothing is known behind the last that is kept, neither of whom one follows nor of others.
            posts = [post for post in posts if page_key(post) >= (keys[-1].created_us, keys[-1].id)]
        if len(posts) >= count:
            # Older ones were left out: it is complete down to the last of these.
            floor = max(floor, page_key(posts[-1])) if floor else page_key(posts[-1])
        # A block ends follows in its own transaction: whoever is followed is not apart.
        wanted = followed | {user_id}
        kept = [post for post in posts if post.author.id in wanted and (not floor or page_key(post) >= floor)]
        return kept, floor

    async def _read_stores(self, user_id: str, before: PageKey | None, count: int) -> list[PostRecord]:
        followees = await self._audiences.followees(user_id)
        authors = [user_id, *followees.fanned_out, *followees.broadcast]
        return await self._posts.newest([], authors, before, user_id, count)


def _key_after_timeline(timeline: TimelinePage, before: PageKey | None) -> PageKey | None:
    """Where the stores go on after a timeline that was cut."""
    return (timeline.keys[-1].created_us, timeline.keys[-1].id) if timeline.keys else before


def page_key(record: PostRecord) -> PageKey:
    return to_microseconds(record.created_at), record.id

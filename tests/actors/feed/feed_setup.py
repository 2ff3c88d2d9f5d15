"""The home feed on real stores, with consumers that the test drives manually."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from actors.feed.fanout import FanOut, TimelineInvalidator
from actors.feed.home_feed import FeedStores, HomeFeed
from actors.feed.public_timeline import PublicTimeline
from actors.feed.timeline_builder import TimelineBuilder
from actors.posts.posts import Posts
from actors.posts.text_references import TextReferenceFinder
from actors.posts.visibility import PostVisibilityChecker
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.post_access import PostAccess
from storage.contracts.posts import NewPostRecord, TextReferences
from storage.contracts.social import AudienceStore
from storage.contracts.timelines import Timelines
from storage.contracts.user_cache import UserSnapshot
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.database import Database
from storage.postgres.mutes import PostgresMutes
from storage.postgres.pool import PostgresPool
from storage.postgres.post_access import PostgresPostAccess
from storage.postgres.posts import PostgresPosts
from storage.postgres.reposts import PostgresReposts
from storage.postgres.social import PostgresSocial
from storage.postgres.tag_follows import PostgresTagFollows
from storage.postgres.user_cache import PostgresUserCache
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader
from tests.actors.feed.feed_model import FeedModel

BROADCAST_THRESHOLD = 3


class FakeUserSource:
    """A User service that knows every id."""

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        return [
            UserSnapshot(user_id, f"u{user_id[:8]}", None, None, verified=False, version=1) for user_id in ids
        ]

    async def find_by_usernames(self, usernames: Sequence[str]) -> list[UserSnapshot]:
        raise NotImplementedError


class RecordedAccess(PostgresPostAccess):
    """Records the authors of each lookup."""

    def __init__(self, pool: PostgresPool) -> None:
        super().__init__(pool)
        self.lookups: list[set[str]] = []

    async def find(
        self, pairs: Sequence[tuple[str, str]], *, without_muted: bool = False
    ) -> Mapping[tuple[str, str], PostAccess]:
        self.lookups.append({author_id for _, author_id in pairs})
        return await super().find(pairs, without_muted=without_muted)


class FeedSetup:
    def __init__(self, databases: dict[str, Database], timelines: Timelines) -> None:
        self.databases = databases
        self.timelines = timelines
        social, posts = databases["social"], databases["posts"]
        self.social = PostgresSocial(social.pool)
        self.audiences: AudienceStore = PostgresAudiences(social.pool, social.cursors)
        self.mutes = PostgresMutes(social.pool)
        self.posts = PostgresPosts(posts.pool, posts.idempotency_keys)
        self.tag_follows = PostgresTagFollows(posts.pool)
        self.reposts = PostgresReposts(posts.pool, posts.idempotency_keys)
        self.published_posts: list[tuple[str, Sequence[str]]] = []
        self.start()

    def start(self) -> None:
        """Create the services, as a newly started instance does."""
        social, posts = self.databases["social"], self.databases["posts"]
        people = UserCards(PostgresUserCache(posts.pool, posts.cursors), FakeUserSource())
        self.block_service = BlockService(self.social, 1.0)
        self.post_access = RecordedAccess(social.pool)
        self.post_visibility = PostVisibilityChecker(self.post_access, self.posts)
        self.timeline_builder = TimelineBuilder(self.posts, self.audiences, self.timelines)
        self.post_service = Posts(
            self.posts,
            people,
            self.block_service,
            self.post_visibility,
            _no_event,
            TextReferenceFinder(FakeUserSource()),
            lambda: None,
        )
        stores = FeedStores(self.posts, self.social, self.audiences, self.timelines)
        self.home_feed = HomeFeed(stores, self.post_service, self.timeline_builder)
        self.public_timeline = PublicTimeline(self.posts, self.post_visibility, self.post_service)
        self.fan_out = FanOut(
            self.audiences, self.timelines, posts.cursors, self._record_published, BROADCAST_THRESHOLD
        )
        self.timeline_rebuilder = TimelineInvalidator(self.timelines, social.cursors)
        self.readers = {
            "posts": make_reader(self.fan_out, posts, posts, batch_size=5),
            "social": make_reader(self.timeline_rebuilder, social, social, batch_size=5),
        }

    async def close(self) -> None:
        await self.timeline_builder.close()
        await self.block_service.close()
        await self.post_visibility.close()

    async def catch_up(self, *services: str) -> None:
        """Consume all published events."""
        for service in services or ("posts", "social"):
            database = self.databases[service]
            await catch_up(self.readers[service], database, database)

    async def create_post(
        self, author_id: str, content: str = "a post", tags: tuple[str, ...] = ()
    ) -> tuple[str, int]:
        """Create a post; return its id and creation time."""
        post_id = await self.posts.create(
            NewPostRecord(author_id, content, references=TextReferences((), tags, tags)), None
        )
        (record,) = await self.posts.find([post_id], author_id)
        return post_id, to_microseconds(record.created_at)

    async def create_repost(self, author_id: str, post_id: str) -> tuple[str, int]:
        """Repost a post; return the id and creation time of the repost."""
        repost_id = await self.reposts.repost(post_id, author_id, None)
        (record,) = await self.posts.find([repost_id], author_id)
        return repost_id, to_microseconds(record.created_at)

    async def read_pages(
        self, user_id: str, limits: Iterator[int], feed: HomeFeed | PublicTimeline | None = None
    ) -> list[str]:
        """Read a whole feed in pages of the given sizes; check that all but the last are full."""
        ids: list[str] = []
        before: PageKey | None = None
        for limit in limits:
            page = await (feed or self.home_feed).page(user_id, before, limit)
            ids += [post.id for post in page.items]
            if page.next_key is None:
                assert len(page.items) <= limit
                return ids
            assert len(page.items) == limit, "a page in the middle is not full"
            assert page.next_key[1] == page.items[-1].id
            before = page.next_key
        raise AssertionError("there is no end to it")

    def _record_published(self, post_id: str, user_ids: Sequence[str]) -> None:
        self.published_posts.append((post_id, user_ids))


async def _no_event(_viewer_id: str, _event_id: str) -> bool:
    return False


# --- applied to both the setup and the model


async def follow(setup: FeedSetup, model: FeedModel, follower: str, *followed: str) -> None:
    for user_id in followed:
        await setup.social.follow(follower, user_id)
        model.follows.add((follower, user_id))


async def create_posts(setup: FeedSetup, model: FeedModel, *authors: str) -> list[str]:
    ids = []
    for author_id in authors:
        post_id, created_us = await setup.create_post(author_id)
        model.posts[post_id] = created_us, author_id
        ids.append(post_id)
    return ids


async def read_feed(setup: FeedSetup, user_id: str, limit: int = 5) -> list[str]:
    return await setup.read_pages(user_id, itertools.repeat(limit, 100))

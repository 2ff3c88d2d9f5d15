"""Changes during the build of a timeline are not lost, at whichever step they happen."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from actors.feed.timeline_builder import TimelineBuilder
from storage.contracts.posts import PostKey
from storage.contracts.social import Followees
from storage.errors import Unavailable
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.cursors import PostgresCursors
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.pool import PostgresPool
from storage.postgres.posts import PostgresPosts
from tests.actors.feed.feed_model import FeedModel
from tests.actors.feed.feed_setup import FeedSetup

AsyncAction = Callable[[], Awaitable[object]]


async def _no_op() -> None:
    """Default hook."""


class InterruptedBuilder:
    """A builder with hooks between its steps."""

    def __init__(self, setup: FeedSetup) -> None:
        social, posts = setup.databases["social"], setup.databases["posts"]
        self.after_followees: AsyncAction = _no_op
        self.after_keys: AsyncAction = _no_op
        self.build_count = 0
        self.builder = TimelineBuilder(
            _Posts(self, posts.pool, posts.idempotency_keys),
            _Audiences(self, social.pool, social.cursors),
            setup.timelines,
        )


class _Audiences(PostgresAudiences):
    def __init__(self, between: InterruptedBuilder, pool: PostgresPool, cursors: PostgresCursors) -> None:
        super().__init__(pool, cursors)
        self._interrupted = between

    async def followees(self, user_id: str) -> Followees:
        found = await super().followees(user_id)
        await self._interrupted.after_followees()
        return found


class _Posts(PostgresPosts):
    def __init__(
        self, between: InterruptedBuilder, pool: PostgresPool, once: PostgresIdempotencyKeys
    ) -> None:
        super().__init__(pool, once)
        self._interrupted = between

    async def newest_keys(self, authors: Sequence[str], limit: int) -> list[PostKey]:
        self._interrupted.build_count += 1
        found = await super().newest_keys(authors, limit)
        await self._interrupted.after_keys()
        return found


@pytest.fixture
def between(setup: FeedSetup) -> InterruptedBuilder:
    return InterruptedBuilder(setup)


@pytest.fixture
def user_ids() -> list[str]:
    return FeedModel(6).user_ids


async def timeline_post_ids(setup: FeedSetup, user_id: str) -> list[str] | None:
    page = await setup.timelines.read(user_id, None, 50)
    return None if page is None else [key.id for key in page.keys]


@pytest.mark.parametrize("step", ["after_followees", "after_keys"])
async def test_post_during_build_is_kept(
    setup: FeedSetup, between: InterruptedBuilder, user_ids: list[str], step: str
) -> None:
    """A post pushed during the build is on the timeline once, along with the loaded ones."""
    author, reader, *_ = user_ids
    await setup.social.follow(reader, author)
    first, _ = await setup.create_post(author)
    await setup.catch_up()
    made: list[str] = []

    async def post() -> None:
        made.append((await setup.create_post(author))[0])
        await setup.catch_up("posts")

    setattr(between, step, post)
    assert await between.builder.build(reader)

    assert await timeline_post_ids(setup, reader) == [*made, first]


@pytest.mark.parametrize("step", ["after_followees", "after_keys"])
async def test_follow_during_build_discards_it(
    setup: FeedSetup, between: InterruptedBuilder, user_ids: list[str], step: str
) -> None:
    """A follow during the build discards it; the next build includes the new author."""
    author, other, reader, *_ = user_ids
    await setup.social.follow(reader, author)
    posts = [(await setup.create_post(user_id))[0] for user_id in (author, other)]
    await setup.catch_up()

    async def follow() -> None:
        await setup.social.follow(reader, other)
        await setup.catch_up("social")

    setattr(between, step, follow)
    assert not await between.builder.build(reader)
    assert await timeline_post_ids(setup, reader) is None
    assert [post.id for post in (await setup.home_feed.page(reader, None, 5)).items] == posts[::-1]

    assert await timeline_post_ids(setup, reader) == posts[::-1]


@pytest.mark.parametrize("step", ["after_followees", "after_keys"])
async def test_author_becoming_broadcast_during_build_discards_it(
    setup: FeedSetup, between: InterruptedBuilder, user_ids: list[str], step: str
) -> None:
    """An author who becomes a broadcaster during the build discards it."""
    author, reader, *others = user_ids
    await setup.social.follow(reader, author)
    await setup.catch_up()
    made: list[str] = []

    async def grow() -> None:
        for follower in others:
            await setup.social.follow(follower, author)
        made.extend([(await setup.create_post(author))[0], (await setup.create_post(author))[0]])
        await setup.catch_up("posts")

    setattr(between, step, grow)
    assert not await between.builder.build(reader)
    await setup.catch_up()
    page = await setup.home_feed.page(reader, None, 5)

    assert [post.id for post in page.items] == made[::-1]


async def test_concurrent_builds_of_a_user_are_shared(
    setup: FeedSetup, between: InterruptedBuilder, user_ids: list[str]
) -> None:
    """Concurrent requests for one user share a build; other users build in parallel."""
    gate, arrived = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        arrived.set()
        await gate.wait()

    between.after_keys = wait
    builder = between.builder
    asked = [asyncio.create_task(builder.build(user_ids[0])) for _ in range(5)]
    await asyncio.wait_for(arrived.wait(), 5.0)
    asked.append(asyncio.create_task(builder.build(user_ids[1])))
    gate.set()

    assert await asyncio.gather(*asked) == [True] * 6
    assert between.build_count == 2
    assert await builder.build(user_ids[0])
    assert between.build_count == 3


async def test_cancelled_caller_does_not_cancel_the_build(
    setup: FeedSetup, between: InterruptedBuilder, user_ids: list[str]
) -> None:
    """Cancelling one waiting caller does not affect the others."""
    gate, arrived = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        arrived.set()
        await gate.wait()

    between.after_keys = wait
    builder = between.builder
    cancelled, waiting = (asyncio.create_task(builder.build(user_ids[0])) for _ in range(2))
    await asyncio.wait_for(arrived.wait(), 5.0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    gate.set()

    assert await waiting
    assert await timeline_post_ids(setup, user_ids[0]) == []


async def test_last_started_build_wins_across_instances(setup: FeedSetup, user_ids: list[str]) -> None:
    """Of two concurrent builds the last started wins; the other returns False."""
    reader, author, *_ = user_ids
    await setup.social.follow(reader, author)
    post_id, _ = await setup.create_post(author)
    await setup.catch_up()
    first, second = InterruptedBuilder(setup), InterruptedBuilder(setup).builder
    results: list[bool] = []

    async def build_on_other_instance() -> None:
        results.append(await second.build(reader))

    first.after_keys = build_on_other_instance
    results.append(await first.builder.build(reader))

    assert results == [True, False]
    assert await timeline_post_ids(setup, reader) == [post_id]


async def test_failed_build_does_not_block_the_next(
    setup: FeedSetup, between: InterruptedBuilder, user_ids: list[str]
) -> None:
    """After a failed build there is no timeline, and the next reader builds one."""
    reader, author, *_ = user_ids
    await setup.social.follow(reader, author)
    post_id, _ = await setup.create_post(author)

    async def fail() -> None:
        raise Unavailable

    between.after_keys = fail
    with pytest.raises(Unavailable):
        await between.builder.build(reader)
    assert await timeline_post_ids(setup, reader) is None
    page = await setup.home_feed.page(reader, None, 5)

    assert [post.id for post in page.items] == [post_id]
    assert await timeline_post_ids(setup, reader) == [post_id]

"""What happens while a timeline is built is not lost, whichever step it falls between."""

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
    """Nobody comes between."""


class InterruptedBuilder:
    """A builder of its own, with something that happens after a step of its way."""

    def __init__(self, house: FeedSetup) -> None:
        social, posts = house.databases["social"], house.databases["posts"]
        self.after_followees: AsyncAction = _no_op
        self.after_keys: AsyncAction = _no_op
        self.build_count = 0
        self.builder = TimelineBuilder(
            _Posts(self, posts.pool, posts.idempotency_keys),
            _Audiences(self, social.pool, social.cursors),
            house.timelines,
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
def between(house: FeedSetup) -> InterruptedBuilder:
    return InterruptedBuilder(house)


@pytest.fixture
def people() -> list[str]:
    return FeedModel(6).user_ids


async def timeline_post_ids(house: FeedSetup, user_id: str) -> list[str] | None:
    page = await house.timelines.read(user_id, None, 50)
    return None if page is None else [key.id for key in page.keys]


@pytest.mark.parametrize("step", ["after_followees", "after_keys"])
async def test_post_during_build_is_kept(
    house: FeedSetup, between: InterruptedBuilder, people: list[str], step: str
) -> None:
    """Handed out before what was read is put in: both are there, each once."""
    author, reader, *_ = people
    await house.social.follow(reader, author)
    first, _ = await house.create_post(author)
    await house.catch_up()
    made: list[str] = []

    async def post() -> None:
        made.append((await house.create_post(author))[0])
        await house.catch_up("posts")

    setattr(between, step, post)
    assert await between.builder.build(reader)

    assert await timeline_post_ids(house, reader) == [*made, first]


@pytest.mark.parametrize("step", ["after_followees", "after_keys"])
async def test_follow_during_build_discards_it(
    house: FeedSetup, between: InterruptedBuilder, people: list[str], step: str
) -> None:
    """What was read may lack whom one follows since: nothing is kept, and the next one has all."""
    author, other, reader, *_ = people
    await house.social.follow(reader, author)
    posts = [(await house.create_post(one))[0] for one in (author, other)]
    await house.catch_up()

    async def follow() -> None:
        await house.social.follow(reader, other)
        await house.catch_up("social")

    setattr(between, step, follow)
    assert not await between.builder.build(reader)
    assert await timeline_post_ids(house, reader) is None
    assert [one.id for one in (await house.home_feed.page(reader, None, 5)).items] == posts[::-1]

    assert await timeline_post_ids(house, reader) == posts[::-1]


@pytest.mark.parametrize("step", ["after_followees", "after_keys"])
async def test_author_becoming_broadcast_during_build_discards_it(
    house: FeedSetup, between: InterruptedBuilder, people: list[str], step: str
) -> None:
    """What was read says that posts are handed out, and they no longer are: it is void as well."""
    author, reader, *others = people
    await house.social.follow(reader, author)
    await house.catch_up()
    made: list[str] = []

    async def grow() -> None:
        for one in others:
            await house.social.follow(one, author)
        made.extend([(await house.create_post(author))[0], (await house.create_post(author))[0]])
        await house.catch_up("posts")

    setattr(between, step, grow)
    assert not await between.builder.build(reader)
    await house.catch_up()
    page = await house.home_feed.page(reader, None, 5)

    assert [one.id for one in page.items] == made[::-1]


async def test_concurrent_builds_of_a_user_are_shared(
    house: FeedSetup, between: InterruptedBuilder, people: list[str]
) -> None:
    """Many who ask wait for the same one; another user's goes on beside it."""
    gate, arrived = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        arrived.set()
        await gate.wait()

    between.after_keys = wait
    builder = between.builder
    asked = [asyncio.create_task(builder.build(people[0])) for _ in range(5)]
    await asyncio.wait_for(arrived.wait(), 5.0)
    asked.append(asyncio.create_task(builder.build(people[1])))
    gate.set()

    assert await asyncio.gather(*asked) == [True] * 6
    assert between.build_count == 2
    assert await builder.build(people[0])
    assert between.build_count == 3


async def test_cancelled_caller_does_not_cancel_the_build(
    house: FeedSetup, between: InterruptedBuilder, people: list[str]
) -> None:
    """A request that is cancelled leaves the others theirs."""
    gate, arrived = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        arrived.set()
        await gate.wait()

    between.after_keys = wait
    builder = between.builder
    hasty, patient = (asyncio.create_task(builder.build(people[0])) for _ in range(2))
    await asyncio.wait_for(arrived.wait(), 5.0)
    hasty.cancel()
    await asyncio.gather(hasty, return_exceptions=True)
    gate.set()

    assert await patient
    assert await timeline_post_ids(house, people[0]) == []


async def test_last_started_build_wins_across_instances(house: FeedSetup, people: list[str]) -> None:
    """The one that began last is the one that counts; the other's is void, and says so."""
    reader, author, *_ = people
    await house.social.follow(reader, author)
    post_id, _ = await house.create_post(author)
    await house.catch_up()
    one, other = InterruptedBuilder(house), InterruptedBuilder(house)
    second = other.builder
    results: list[bool] = []

    async def meanwhile() -> None:
        results.append(await second.build(reader))

    one.after_keys = meanwhile
    results.append(await one.builder.build(reader))

    assert results == [True, False]
    assert await timeline_post_ids(house, reader) == [post_id]


async def test_failed_build_does_not_block_the_next(
    house: FeedSetup, between: InterruptedBuilder, people: list[str]
) -> None:
    """What it had begun is no timeline; the next reader builds one."""
    reader, author, *_ = people
    await house.social.follow(reader, author)
    post_id, _ = await house.create_post(author)

    async def die() -> None:
        raise Unavailable

    between.after_keys = die
    with pytest.raises(Unavailable):
        await between.builder.build(reader)
    assert await timeline_post_ids(house, reader) is None
    page = await house.home_feed.page(reader, None, 5)

    assert [one.id for one in page.items] == [post_id]
    assert await timeline_post_ids(house, reader) == [post_id]

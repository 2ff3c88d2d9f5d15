"""How many posts people have follows the Post service, in whatever order it is heard."""

import random
import uuid
from collections.abc import AsyncIterator

import pytest

from actors.posts.posts_count_consumer import PostsCountConsumer
from storage.errors import Conflict
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.database import Database
from storage.postgres.posts import PostgresPosts
from storage.postgres.social import PostgresSocial
from storage.records.domain_events import Cursor, CursorUpdate, OutboxEvent
from tests.actors.domain_events.reader_fixtures import catch_up, reader_of, told_by
from tests.actors.domain_events.service_databases import opened
from tests.conftest import FreshDatabase

ANA, BEN = str(uuid.uuid4()), str(uuid.uuid4())


@pytest.fixture
async def posts(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """The Post service's database."""
    async with opened(fresh_database("posts"), "posts") as database:
        yield database


@pytest.fixture
def counter(keeper: Database) -> PostsCountConsumer:
    return PostsCountConsumer(PostgresAudiences(keeper.pool, keeper.cursors))


async def count(keeper: Database, user_id: str) -> int:
    return (await PostgresSocial(keeper.pool).stats(user_id)).posts_count


async def some_posts(database: Database) -> list[OutboxEvent]:
    """Ana posts five times, takes two back, and one of hers is hidden; Ben posts once."""
    store = PostgresPosts(database.pool, database.idempotency_keys)
    ids = [await store.create(ANA, f"post {number}", None, None) for number in range(5)]
    for post_id in ids[:2]:
        await store.delete(post_id, ANA)
    await store.create(BEN, "a post", None, None)
    await store.set_hidden(ids[2], hidden=True)
    return await told_by(database)


async def test_counts_follow_with_the_cursor(
    posts: Database, keeper: Database, counter: PostsCountConsumer
) -> None:
    """Made, taken back, hidden: what stands is counted."""
    await some_posts(posts)
    await catch_up(reader_of(counter, posts, keeper), posts, keeper)

    assert (await count(keeper, ANA), await count(keeper, BEN)) == (2, 1)


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_told_last_holds(
    posts: Database, keeper: Database, counter: PostsCountConsumer, seed: int
) -> None:
    """Twice and in any order, alone or together."""
    chance = random.Random(seed)
    events = await some_posts(posts)
    told = chance.sample([*events, *events], len(events) * 2)
    while told:
        size = chance.randint(1, 4)
        some, told = told[:size], told[size:]
        await counter.handle(some, None)

    assert (await count(keeper, ANA), await count(keeper, BEN)) == (2, 1)


async def test_without_its_step_nothing_is_counted(
    posts: Database, keeper: Database, counter: PostsCountConsumer
) -> None:
    """Somebody else has moved the cursor: the count stays with it."""
    events = await some_posts(posts)
    await keeper.cursors.create(counter.name, Cursor("elsewhere"))
    with pytest.raises(Conflict, match="cursor"):
        await counter.handle(events, CursorUpdate(counter.name, Cursor("here"), Cursor("here", 1, 1)))

    assert (await count(keeper, ANA), await count(keeper, BEN)) == (0, 0)

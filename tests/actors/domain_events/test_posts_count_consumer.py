"""Posts counts follow the Post service, whatever the order of events."""

import random
import uuid
from collections.abc import AsyncIterator

import pytest

from actors.posts.posts_count_consumer import PostsCountConsumer
from storage.contracts.domain_events import Cursor, CursorUpdate, OutboxEvent
from storage.contracts.posts import NewPostRecord
from storage.errors import Conflict
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.database import Database
from storage.postgres.posts import PostgresPosts
from storage.postgres.social import PostgresSocial
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader, read_all_events
from tests.actors.domain_events.service_databases import open_database
from tests.conftest import FreshDatabase

ANA, BEN = str(uuid.uuid4()), str(uuid.uuid4())


@pytest.fixture
async def posts(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """The Post service's database."""
    async with open_database(fresh_database("posts"), "posts") as database:
        yield database


@pytest.fixture
def counter(consumer_database: Database) -> PostsCountConsumer:
    return PostsCountConsumer(PostgresAudiences(consumer_database.pool, consumer_database.cursors))


async def get_posts_count(consumer_database: Database, user_id: str) -> int:
    return (await PostgresSocial(consumer_database.pool).stats(user_id)).posts_count


async def create_posts(database: Database) -> list[OutboxEvent]:
    """Ana creates five posts, deletes two and has one hidden; Ben creates one."""
    store = PostgresPosts(database.pool, database.idempotency_keys)
    ids = [await store.create(NewPostRecord(ANA, f"post {number}"), None) for number in range(5)]
    for post_id in ids[:2]:
        await store.delete(post_id, ANA)
    await store.create(NewPostRecord(BEN, "a post"), None)
    await store.set_hidden(ids[2], hidden=True)
    return await read_all_events(database)


async def test_counts_include_deletes_and_hidden_posts(
    posts: Database, consumer_database: Database, counter: PostsCountConsumer
) -> None:
    """Only visible posts are counted."""
    await create_posts(posts)
    await catch_up(make_reader(counter, posts, consumer_database), posts, consumer_database)

    assert (await get_posts_count(consumer_database, ANA), await get_posts_count(consumer_database, BEN)) == (
        2,
        1,
    )


@pytest.mark.parametrize("seed", range(3))
async def test_newest_count_wins_in_any_order(
    posts: Database, consumer_database: Database, counter: PostsCountConsumer, seed: int
) -> None:
    """The newest count wins for repeated and reordered events, single or in batches."""
    rng = random.Random(seed)
    events = await create_posts(posts)
    remaining = rng.sample([*events, *events], len(events) * 2)
    while remaining:
        size = rng.randint(1, 4)
        batch, remaining = remaining[:size], remaining[size:]
        await counter.handle(batch, None)

    assert (await get_posts_count(consumer_database, ANA), await get_posts_count(consumer_database, BEN)) == (
        2,
        1,
    )


async def test_cursor_conflict_changes_no_counts(
    posts: Database, consumer_database: Database, counter: PostsCountConsumer
) -> None:
    """If another reader moved the cursor, no count changes."""
    events = await create_posts(posts)
    await consumer_database.cursors.create(counter.name, Cursor("elsewhere"))
    with pytest.raises(Conflict, match="cursor"):
        await counter.handle(events, CursorUpdate(counter.name, Cursor("here"), Cursor("here", 1, 1)))

    assert (await get_posts_count(consumer_database, ANA), await get_posts_count(consumer_database, BEN)) == (
        0,
        0,
    )

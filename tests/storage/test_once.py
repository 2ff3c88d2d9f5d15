"""Idempotency keys: what is made under one is made once, whatever is asked again and beside it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.errors import Conflict, Missing
from storage.postgres.pool import Transaction
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.statement import load_statement
from storage.records.events import NewEvent
from storage.records.once import Once
from tests.storage.event_scene import EventScene
from tests.storage.service_database import ServiceDatabase, some_id

ONCE = Once("k" * 64, "d" * 64)
OTHERWISE = Once("k" * 64, "e" * 64)
INSERT = load_statement("posts", "post_insert")


@pytest.fixture
def posts(posts_database: ServiceDatabase) -> PostgresPosts:
    return PostgresPosts(posts_database.first.pool, posts_database.first.once)


@pytest.fixture
def reactions(posts_database: ServiceDatabase) -> PostgresReactions:
    return PostgresReactions(posts_database.first.pool, posts_database.first.once)


class Held:
    """Work that makes a post and then waits to be let go, or to fail."""

    def __init__(self) -> None:
        self.made = asyncio.Event()
        self.go_on = asyncio.Event()
        self.fails = False

    async def __call__(self, transaction: Transaction) -> str:
        rows = await transaction.rows(INSERT, some_id(), "held", None)
        self.made.set()
        await self.go_on.wait()
        if self.fails:
            raise Missing
        return str(rows[0]["id"])


async def posts_there(database: ServiceDatabase) -> int:
    return int(await database.sql.fetchval("SELECT count(*) FROM posts"))


async def test_same_key_and_content_answer_the_first_result(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """However often; nothing more is made or told."""
    ana = some_id()
    first = await posts.create(ana, "hello", None, ONCE)
    assert {await posts.create(ana, "hello", None, ONCE) for _ in range(3)} == {first}
    assert await posts_there(posts_database) == 1
    assert len(await posts_database.told()) == 1
    await posts.delete(first, ana)
    assert await posts.create(ana, "hello", None, ONCE) == first
    assert await posts_there(posts_database) == 0


async def test_same_key_with_other_content_conflicts(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions
) -> None:
    """And nothing is made; another key is another request, and so is none."""
    ana = some_id()
    post_id = await posts.create(ana, "hello", None, ONCE)
    with pytest.raises(Conflict) as refused:
        await posts.create(ana, "hello you", None, OTHERWISE)
    assert refused.value.constraint == "idempotency_keys"
    with pytest.raises(Conflict, match="idempotency_keys"):
        await reactions.comment(post_id, ana, "so", OTHERWISE)
    assert await posts_there(posts_database) == 1
    await posts.create(ana, "hello", None, Once("l" * 64, ONCE.digest))
    await posts.create(ana, "hello", None, None)
    await posts.create(ana, "hello", None, None)
    assert await posts_there(posts_database) == 4


async def test_comments_and_events_keep_their_keys_too(
    reactions: PostgresReactions, posts: PostgresPosts, scene: EventScene
) -> None:
    """Each service has its own."""
    ana, now = some_id(), datetime.now(UTC)
    post_id = await posts.create(ana, "hello", None, None)
    assert len({await reactions.comment(post_id, ana, "so", ONCE) for _ in range(3)}) == 1
    assert len(await reactions.comments(post_id, None, (), 10)) == 1
    new = NewEvent(ana, "Picnic", None, "SOCIAL", now, now + timedelta(hours=1), 5)
    assert len({await scene.events.create(new, ONCE) for _ in range(3)}) == 1
    assert await scene.sql.fetchval("SELECT count(*) FROM events") == 1
    with pytest.raises(Conflict, match="idempotency_keys"):
        await scene.events.create(new, OTHERWISE)


async def test_second_request_waits_for_the_first_and_gets_its_result(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """On another instance too; with other content it waits as well, and then conflicts."""
    ana, held = some_id(), Held()
    other = await posts_database.instance()
    first = asyncio.ensure_future(posts_database.first.once.make(ONCE, held))
    await held.made.wait()
    elsewhere = PostgresPosts(other.pool, other.once)
    second = await posts_database.met(posts.create(ana, "hello", None, ONCE))
    third = await posts_database.met(elsewhere.create(ana, "hello", None, ONCE), waiting=2)
    fourth = await posts_database.met(elsewhere.create(ana, "bye", None, OTHERWISE), waiting=3)
    held.go_on.set()
    assert await second == await third == await first
    with pytest.raises(Conflict, match="idempotency_keys"):
        await fourth
    assert await posts_there(posts_database) == 1


async def test_failed_first_leaves_the_key_free(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """Who waited makes it then, even with other content, and its result is the first."""
    ana, held = some_id(), Held()
    held.fails = True
    first = asyncio.ensure_future(posts_database.first.once.make(ONCE, held))
    await held.made.wait()
    second = await posts_database.met(posts.create(ana, "hello", None, OTHERWISE))
    held.go_on.set()
    with pytest.raises(Missing):
        await first
    made = await second
    assert await posts.create(ana, "hello", None, OTHERWISE) == made
    assert await posts_there(posts_database) == 1


async def test_cancelled_first_leaves_the_key_free(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """A caller who goes away while it runs takes what was made along."""
    ana, held = some_id(), Held()
    first = asyncio.ensure_future(posts_database.first.once.make(ONCE, held))
    await held.made.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    made = await posts.create(ana, "hello", None, ONCE)
    assert [one.id for one in await posts.by_author(ana, None, ana, 10)] == [made]
    assert await posts_there(posts_database) == 1


async def test_refused_content_leaves_the_key_free(
    posts: PostgresPosts, reactions: PostgresReactions
) -> None:
    """Only successes are kept."""
    ana = some_id()
    with pytest.raises(Conflict, match="posts_content_check"):
        await posts.create(ana, "x" * 281, None, ONCE)
    with pytest.raises(Missing):
        await reactions.comment(some_id(), ana, "so", ONCE)
    assert await posts.create(ana, "hello", None, OTHERWISE)


async def test_many_at_once_make_one(posts_database: ServiceDatabase) -> None:
    """Forty on two instances get the same answer."""
    ana = some_id()
    other = await posts_database.instance()
    stores = [PostgresPosts(one.pool, one.once) for one in (posts_database.first, other)]
    made = await asyncio.gather(*(stores[n % 2].create(ana, "hello", None, ONCE) for n in range(40)))
    assert len(set(made)) == 1
    assert await posts_there(posts_database) == 1


async def test_old_keys_are_forgotten(posts_database: ServiceDatabase, posts: PostgresPosts) -> None:
    """Those of the time promised stay."""
    ana = some_id()
    first = await posts.create(ana, "hello", None, ONCE)
    kept = Once("l" * 64, "d")
    await posts.create(ana, "hello", None, kept)
    await posts_database.sql.execute(
        "UPDATE idempotency_keys SET created_at = now() - interval '2 days' WHERE key = $1", ONCE.key
    )
    assert await posts_database.first.once.prune(24 * 3600) == 1
    assert await posts_database.first.once.prune(24 * 3600) == 0
    assert await posts.create(ana, "hello", None, OTHERWISE) != first
    with pytest.raises(Conflict, match="idempotency_keys"):
        await posts.create(ana, "hello", None, Once(kept.key, "e"))

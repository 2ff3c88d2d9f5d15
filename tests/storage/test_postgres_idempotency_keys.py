"""Idempotency keys: repeated and concurrent requests create one object."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.events import NewEvent
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.posts import PUBLIC, NewPostRecord
from storage.errors import Conflict, Missing
from storage.postgres.pool import Transaction
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.statement import load_statement
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import ServiceDatabase, random_id

KEY = IdempotencyKey("k" * 64, "d" * 64)
SAME_KEY_OTHER_DIGEST = IdempotencyKey("k" * 64, "e" * 64)
INSERT = load_statement("posts", "posts", "post_insert")


class BlockedWork:
    """Work that creates a post and then waits until it is released or fails."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.proceed = asyncio.Event()
        self.failing = False

    async def __call__(self, transaction: Transaction) -> str:
        rows = await transaction.rows(INSERT, random_id(), "held", None, [], [], [], PUBLIC, None)
        self.started.set()
        await self.proceed.wait()
        if self.failing:
            raise Missing
        return str(rows[0]["id"])


async def count_posts(database: ServiceDatabase) -> int:
    return int(await database.sql.fetchval("SELECT count(*) FROM posts"))


async def test_same_key_and_content_return_the_first_result(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """Nothing more is created or published."""
    ana = random_id()
    first = await posts.create(NewPostRecord(ana, "hello"), KEY)
    assert {await posts.create(NewPostRecord(ana, "hello"), KEY) for _ in range(3)} == {first}
    assert await count_posts(posts_database) == 1
    assert len(await posts_database.outbox_rows()) == 1
    await posts.delete(first, ana)
    assert await posts.create(NewPostRecord(ana, "hello"), KEY) == first
    assert await count_posts(posts_database) == 0


async def test_same_key_with_other_content_conflicts(
    posts_database: ServiceDatabase, posts: PostgresPosts, reactions: PostgresReactions
) -> None:
    """Nothing is created; another key, or none, is another request."""
    ana = random_id()
    post_id = await posts.create(NewPostRecord(ana, "hello"), KEY)
    with pytest.raises(Conflict) as refused:
        await posts.create(NewPostRecord(ana, "hello you"), SAME_KEY_OTHER_DIGEST)
    assert refused.value.constraint == "idempotency_keys"
    with pytest.raises(Conflict, match="idempotency_keys"):
        await reactions.comment(post_id, ana, "so", SAME_KEY_OTHER_DIGEST)
    assert await count_posts(posts_database) == 1
    await posts.create(NewPostRecord(ana, "hello"), IdempotencyKey("l" * 64, KEY.digest))
    await posts.create(NewPostRecord(ana, "hello"), None)
    await posts.create(NewPostRecord(ana, "hello"), None)
    assert await count_posts(posts_database) == 4


async def test_comments_and_events_use_idempotency_keys(
    reactions: PostgresReactions, posts: PostgresPosts, setup: EventSetup
) -> None:
    """Each service stores its own."""
    ana, now = random_id(), datetime.now(UTC)
    post_id = await posts.create(NewPostRecord(ana, "hello"), None)
    assert len({await reactions.comment(post_id, ana, "so", KEY) for _ in range(3)}) == 1
    assert len(await reactions.comments(post_id, None, random_id(), (), 10)) == 1
    new = NewEvent(ana, "Picnic", None, "SOCIAL", now, now + timedelta(hours=1), 5)
    assert len({await setup.events.create(new, KEY) for _ in range(3)}) == 1
    assert await setup.sql.fetchval("SELECT count(*) FROM events") == 1
    with pytest.raises(Conflict, match="idempotency_keys"):
        await setup.events.create(new, SAME_KEY_OTHER_DIGEST)


async def test_second_request_waits_for_the_first_and_gets_its_result(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """Also on another instance; with other content it waits and then conflicts."""
    ana, held = random_id(), BlockedWork()
    other = await posts_database.instance()
    first = asyncio.ensure_future(posts_database.instance_a.idempotency_keys.run_once(KEY, held))
    await held.started.wait()
    elsewhere = PostgresPosts(other.pool, other.idempotency_keys)
    second = await posts_database.start_until_blocked(posts.create(NewPostRecord(ana, "hello"), KEY))
    third = await posts_database.start_until_blocked(
        elsewhere.create(NewPostRecord(ana, "hello"), KEY), waiting=2
    )
    fourth = await posts_database.start_until_blocked(
        elsewhere.create(NewPostRecord(ana, "bye"), SAME_KEY_OTHER_DIGEST), waiting=3
    )
    held.proceed.set()
    assert await second == await third == await first
    with pytest.raises(Conflict, match="idempotency_keys"):
        await fourth
    assert await count_posts(posts_database) == 1


async def test_failed_request_leaves_the_key_unused(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """A waiting request then does the work, even with other content."""
    ana, held = random_id(), BlockedWork()
    held.failing = True
    first = asyncio.ensure_future(posts_database.instance_a.idempotency_keys.run_once(KEY, held))
    await held.started.wait()
    second = await posts_database.start_until_blocked(
        posts.create(NewPostRecord(ana, "hello"), SAME_KEY_OTHER_DIGEST)
    )
    held.proceed.set()
    with pytest.raises(Missing):
        await first
    made = await second
    assert await posts.create(NewPostRecord(ana, "hello"), SAME_KEY_OTHER_DIGEST) == made
    assert await count_posts(posts_database) == 1


async def test_cancelled_request_leaves_the_key_unused(
    posts_database: ServiceDatabase, posts: PostgresPosts
) -> None:
    """Its work is rolled back."""
    ana, held = random_id(), BlockedWork()
    first = asyncio.ensure_future(posts_database.instance_a.idempotency_keys.run_once(KEY, held))
    await held.started.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    made = await posts.create(NewPostRecord(ana, "hello"), KEY)
    assert [one.id for one in await posts.by_author(ana, None, ana, [PUBLIC], 10)] == [made]
    assert await count_posts(posts_database) == 1


async def test_rejected_content_leaves_the_key_unused(
    posts: PostgresPosts, reactions: PostgresReactions
) -> None:
    """Only successes are stored."""
    ana = random_id()
    with pytest.raises(Conflict, match="posts_content_check"):
        await posts.create(NewPostRecord(ana, "x" * 281), KEY)
    with pytest.raises(Missing):
        await reactions.comment(random_id(), ana, "so", KEY)
    assert await posts.create(NewPostRecord(ana, "hello"), SAME_KEY_OTHER_DIGEST)


async def test_concurrent_requests_create_one_object(posts_database: ServiceDatabase) -> None:
    """Forty on two instances get the same result."""
    ana = random_id()
    other = await posts_database.instance()
    stores = [PostgresPosts(one.pool, one.idempotency_keys) for one in (posts_database.instance_a, other)]
    made = await asyncio.gather(*(stores[n % 2].create(NewPostRecord(ana, "hello"), KEY) for n in range(40)))
    assert len(set(made)) == 1
    assert await count_posts(posts_database) == 1


async def test_old_keys_are_pruned(posts_database: ServiceDatabase, posts: PostgresPosts) -> None:
    """Younger ones stay."""
    ana = random_id()
    first = await posts.create(NewPostRecord(ana, "hello"), KEY)
    kept = IdempotencyKey("l" * 64, "d")
    await posts.create(NewPostRecord(ana, "hello"), kept)
    await posts_database.sql.execute(
        "UPDATE idempotency_keys SET created_at = now() - interval '2 days' WHERE key = $1", KEY.key
    )
    assert await posts_database.instance_a.idempotency_keys.prune(24 * 3600) == 1
    assert await posts_database.instance_a.idempotency_keys.prune(24 * 3600) == 0
    assert await posts.create(NewPostRecord(ana, "hello"), SAME_KEY_OTHER_DIGEST) != first
    with pytest.raises(Conflict, match="idempotency_keys"):
        await posts.create(NewPostRecord(ana, "hello"), IdempotencyKey(kept.key, "e"))

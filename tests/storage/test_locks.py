"""Contract of `Locks`: one instance holds a lock, until its connection ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from storage.errors import Unavailable
from storage.postgres.locks import PostgresLocks
from tests.storage.service_database import ServiceDatabase

NAMES = ("posts.copies", "posts.counts")
KILL = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'convene locks'
"""
WAIT_S = 20.0


@pytest.fixture
async def here(social_database: ServiceDatabase) -> AsyncIterator[PostgresLocks]:
    """The locks of one instance."""
    locks = PostgresLocks(social_database.url)
    yield locks
    await locks.release_all()


@pytest.fixture
async def there(social_database: ServiceDatabase) -> AsyncIterator[PostgresLocks]:
    """The locks of another instance."""
    locks = PostgresLocks(social_database.url)
    yield locks
    await locks.release_all()


async def wait_until_held(is_held: Callable[[], Awaitable[bool]]) -> None:
    """Poll until the lock is held: the server notices the end of a connection with a delay."""
    deadline = time.monotonic() + WAIT_S
    while not await is_held():
        assert time.monotonic() < deadline
        # A lock that is held is answered at once: without a turn of the loop its end would not be noticed.
        await asyncio.sleep(0.01)


async def test_only_one_instance_holds_a_lock(here: PostgresLocks, there: PostgresLocks) -> None:
    """Also with repeated calls; different names are different locks."""
    for _ in range(3):
        assert await here.try_acquire(NAMES[0])
        assert not await there.try_acquire(NAMES[0])
    assert await there.try_acquire(NAMES[1])
    assert not await here.try_acquire(NAMES[1])


async def test_released_locks_can_be_acquired_by_another(here: PostgresLocks, there: PostgresLocks) -> None:
    """All are released at once and can be acquired again."""
    for _ in range(3):
        for name in NAMES:
            assert await here.try_acquire(name)
    await here.release_all()
    await here.release_all()
    for name in NAMES:
        await wait_until_held(lambda name=name: there.try_acquire(name))  # type: ignore[misc]
        assert not await here.try_acquire(name)
    await there.release_all()
    await wait_until_held(lambda: here.try_acquire(NAMES[0]))


async def test_lost_connection_releases_its_locks(
    social_database: ServiceDatabase, here: PostgresLocks, there: PostgresLocks
) -> None:
    """The instance notices on its next call and does not get the lock back."""
    assert await here.try_acquire(NAMES[0])
    assert await social_database.sql.fetchval(KILL)
    await wait_until_held(lambda: there.try_acquire(NAMES[0]))

    async def noticed() -> bool:
        try:
            return not await here.try_acquire(NAMES[0])
        except Unavailable:
            return False

    await wait_until_held(noticed)
    assert not await here.try_acquire(NAMES[0])
    await there.release_all()
    await wait_until_held(lambda: here.try_acquire(NAMES[0]))


async def test_concurrent_calls_of_one_instance_agree(here: PostgresLocks, there: PostgresLocks) -> None:
    """One instance holds the lock, and all its calls return the same."""
    answers = await asyncio.gather(*((here, there)[n % 2].try_acquire(NAMES[0]) for n in range(40)))
    assert sorted([set(answers[::2]) == {True}, set(answers[1::2]) == {True}]) == [False, True]
    assert sum(answers) == 20


async def test_databases_have_separate_locks(posts_database: ServiceDatabase, here: PostgresLocks) -> None:
    """The same name in two services is two locks."""
    elsewhere = PostgresLocks(posts_database.url)
    assert await here.try_acquire(NAMES[0])
    assert await elsewhere.try_acquire(NAMES[0])
    await elsewhere.release_all()


async def test_unreachable_database_is_unavailable() -> None:
    """No driver exception is raised."""
    locks = PostgresLocks("postgresql://nobody@/convene_social?host=/nonexistent")
    with pytest.raises(Unavailable):
        await locks.try_acquire(NAMES[0])
    await locks.release_all()

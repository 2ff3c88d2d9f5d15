"""Block lookups: uncached and batched, and the short-lived cache for sending messages."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import pytest

from actors.protocol.errors import ApiError
from actors.social import block_service as module
from actors.social.block_service import BlockService
from storage.errors import Unavailable
from storage.postgres.social import PostgresSocial

ANA, BEN, CYD, DAN = (str(uuid.uuid4()) for _ in range(4))
CACHE_TTL_S = 2.0


async def _no_op() -> None:
    """Default for `after_read`."""


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class RecordingSocialStore(PostgresSocial):
    """Records lookups. `after_read` runs between the read and the return."""

    def __init__(self, social: PostgresSocial) -> None:
        super().__init__(social._pool)
        self.calls: list[list[str]] = []
        self.after_read: Callable[[], Awaitable[None]] = _no_op

    async def blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        self.calls.append(list(user_ids))
        blocks = await super().blocks(user_ids)
        await self.after_read()
        return blocks


@pytest.fixture
def store(social: PostgresSocial) -> RecordingSocialStore:
    return RecordingSocialStore(social)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def block_service(store: RecordingSocialStore, clock: Clock) -> AsyncIterator[BlockService]:
    service = BlockService(store, CACHE_TTL_S, clock)
    yield service
    await service.close()


async def test_block_applies_in_both_directions(
    store: RecordingSocialStore, block_service: BlockService
) -> None:
    """A block counts in both directions, until neither user blocks the other."""
    await store.block(ANA, BEN)
    assert await block_service.is_blocked(ANA, BEN)
    assert await block_service.is_blocked(BEN, ANA)
    await store.block(BEN, ANA)
    await store.unblock(ANA, BEN)
    assert await block_service.is_blocked(ANA, BEN)
    await store.unblock(BEN, ANA)

    assert not await block_service.is_blocked(ANA, BEN)
    assert not await block_service.is_blocked(BEN, ANA)
    assert not await block_service.is_blocked(ANA, ANA)


async def test_blocked_users_of_both_directions_are_listed(
    store: RecordingSocialStore, block_service: BlockService
) -> None:
    """Blocked and blocking users are listed once; other users have an empty list."""
    await store.block(ANA, BEN)
    await store.block(BEN, ANA)
    await store.block(CYD, ANA)

    assert sorted(await block_service.list_blocked_users(ANA)) == sorted([BEN, CYD])
    assert list(await block_service.list_blocked_users(CYD)) == [ANA]
    assert list(await block_service.list_blocked_users(DAN)) == []


async def test_lookups_of_one_tick_are_batched(
    store: RecordingSocialStore, block_service: BlockService
) -> None:
    """Concurrent lookups for several users cause one read."""
    await store.block(ANA, BEN)
    answers = await asyncio.gather(
        block_service.is_blocked(ANA, BEN),
        block_service.is_blocked(ANA, CYD),
        block_service.is_blocked(BEN, ANA),
        block_service.is_blocked(CYD, ANA),
    )

    assert list(answers) == [True, False, True, False]
    assert store.calls == [[ANA, BEN, CYD]]


async def test_require_visible_raises_the_given_error(
    store: RecordingSocialStore, block_service: BlockService
) -> None:
    """The given error is raised only if there is a block."""
    await store.block(BEN, ANA)
    with pytest.raises(ApiError) as refused:
        await block_service.require_visible(ANA, BEN, "post.not_found", "No such post.")
    await block_service.require_visible(ANA, CYD, "post.not_found", "No such post.")

    assert (refused.value.code, refused.value.status) == ("post.not_found", 404)


async def test_is_blocked_ignores_the_cache(store: RecordingSocialStore, block_service: BlockService) -> None:
    """`is_blocked` reads the store although the pair is cached."""
    assert not await block_service.load_is_blocked(ANA, BEN)
    await store.block(ANA, BEN)

    assert block_service.cached_is_blocked(ANA, BEN) is False
    assert await block_service.is_blocked(ANA, BEN)


async def test_cached_pair_expires(
    store: RecordingSocialStore, block_service: BlockService, clock: Clock
) -> None:
    """A cached pair is found in either order, until it expires."""
    assert block_service.cached_is_blocked(ANA, BEN) is None
    await store.block(ANA, BEN)
    assert await block_service.load_is_blocked(ANA, BEN)
    assert block_service.cached_is_blocked(BEN, ANA) is True
    clock.now_s += CACHE_TTL_S - 0.01
    assert block_service.cached_is_blocked(ANA, BEN) is True
    clock.now_s += 0.01

    assert block_service.cached_is_blocked(ANA, BEN) is None
    assert len(store.calls) == 1


async def test_cache_age_starts_before_the_read(
    store: RecordingSocialStore, block_service: BlockService, clock: Clock
) -> None:
    """The age of a cached result counts from before the read."""

    async def slow() -> None:
        clock.now_s += CACHE_TTL_S

    store.after_read = slow
    assert not await block_service.load_is_blocked(ANA, BEN)

    assert block_service.cached_is_blocked(ANA, BEN) is None


async def test_invalidate_drops_the_pair(store: RecordingSocialStore, block_service: BlockService) -> None:
    """`invalidate` drops the pair in either order, and no other pair."""
    await block_service.load_is_blocked(ANA, BEN)
    await block_service.load_is_blocked(ANA, CYD)
    await store.block(BEN, ANA)
    block_service.invalidate(BEN, ANA)

    assert block_service.cached_is_blocked(ANA, BEN) is None
    assert block_service.cached_is_blocked(ANA, CYD) is False
    assert await block_service.load_is_blocked(ANA, BEN)


async def test_invalidation_during_load_prevents_caching(
    store: RecordingSocialStore, block_service: BlockService
) -> None:
    """A result read during an invalidation is returned but not cached."""

    async def block() -> None:
        store.after_read = _no_op
        await store.block(ANA, BEN)
        block_service.invalidate(ANA, BEN)

    store.after_read = block
    assert not await block_service.load_is_blocked(ANA, BEN)
    assert block_service.cached_is_blocked(ANA, BEN) is None

    assert await block_service.load_is_blocked(ANA, BEN)
    assert block_service.cached_is_blocked(ANA, BEN) is True


async def test_failed_load_caches_nothing(store: RecordingSocialStore, block_service: BlockService) -> None:
    """A failed read caches neither result."""

    async def fail() -> None:
        raise Unavailable

    store.after_read = fail
    with pytest.raises(Unavailable):
        await block_service.load_is_blocked(ANA, BEN)
    assert block_service.cached_is_blocked(ANA, BEN) is None
    store.after_read = _no_op

    assert not await block_service.load_is_blocked(ANA, BEN)


async def test_cache_evicts_the_oldest_pair(
    store: RecordingSocialStore, block_service: BlockService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full cache evicts the oldest pair; reloading a pair makes it the newest."""
    monkeypatch.setattr(module, "CACHED_PAIRS_MAX", 2)
    await block_service.load_is_blocked(ANA, BEN)
    await block_service.load_is_blocked(ANA, CYD)
    await block_service.load_is_blocked(ANA, BEN)
    await block_service.load_is_blocked(ANA, DAN)

    assert [block_service.cached_is_blocked(ANA, user_id) for user_id in (BEN, CYD, DAN)] == [
        False,
        None,
        False,
    ]

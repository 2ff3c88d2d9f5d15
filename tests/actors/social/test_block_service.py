"""Between whom there is a block: asked freshly; only the way of a message remembers for a moment."""

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
    """Nobody comes between."""


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class RecordingSocialStore(PostgresSocial):
    """The store, with each question noted; `meanwhile` happens after it has looked and before it answers."""

    def __init__(self, social: PostgresSocial) -> None:
        super().__init__(social._pool)
        self.calls: list[list[str]] = []
        self.after_read: Callable[[], Awaitable[None]] = _no_op

    async def blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        self.calls.append(list(user_ids))
        found = await super().blocks(user_ids)
        await self.after_read()
        return found


@pytest.fixture
def store(social: PostgresSocial) -> RecordingSocialStore:
    return RecordingSocialStore(social)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def relations(store: RecordingSocialStore, clock: Clock) -> AsyncIterator[BlockService]:
    made = BlockService(store, CACHE_TTL_S, clock)
    yield made
    await made.close()


async def test_block_applies_in_both_directions(store: RecordingSocialStore, relations: BlockService) -> None:
    """Whoever began it, and until nobody blocks the other any more."""
    await store.block(ANA, BEN)
    assert await relations.is_blocked(ANA, BEN)
    assert await relations.is_blocked(BEN, ANA)
    await store.block(BEN, ANA)
    await store.unblock(ANA, BEN)
    assert await relations.is_blocked(ANA, BEN)
    await store.unblock(BEN, ANA)

    assert not await relations.is_blocked(ANA, BEN)
    assert not await relations.is_blocked(BEN, ANA)
    assert not await relations.is_blocked(ANA, ANA)


async def test_blocked_users_of_both_directions_are_listed(
    store: RecordingSocialStore, relations: BlockService
) -> None:
    """Each once, also who blocks back; for others there is nobody."""
    await store.block(ANA, BEN)
    await store.block(BEN, ANA)
    await store.block(CYD, ANA)

    assert sorted(await relations.list_blocked_users(ANA)) == sorted([BEN, CYD])
    assert list(await relations.list_blocked_users(CYD)) == [ANA]
    assert list(await relations.list_blocked_users(DAN)) == []


async def test_lookups_of_one_tick_are_batched(store: RecordingSocialStore, relations: BlockService) -> None:
    """Of many callers, for many users: one look at the store."""
    await store.block(ANA, BEN)
    answers = await asyncio.gather(
        relations.is_blocked(ANA, BEN),
        relations.is_blocked(ANA, CYD),
        relations.is_blocked(BEN, ANA),
        relations.is_blocked(CYD, ANA),
    )

    assert list(answers) == [True, False, True, False]
    assert store.calls == [[ANA, BEN, CYD]]


async def test_require_visible_raises_the_given_error(
    store: RecordingSocialStore, relations: BlockService
) -> None:
    """The refusal is the one of what is not there."""
    await store.block(BEN, ANA)
    with pytest.raises(ApiError) as refused:
        await relations.require_visible(ANA, BEN, "post.not_found", "No such post.")
    await relations.require_visible(ANA, CYD, "post.not_found", "No such post.")

    assert (refused.value.code, refused.value.status) == ("post.not_found", 404)


async def test_is_blocked_ignores_the_cache(store: RecordingSocialStore, relations: BlockService) -> None:
    """Only the way of a message goes by what is remembered."""
    assert not await relations.load_is_blocked(ANA, BEN)
    await store.block(ANA, BEN)

    assert relations.cached_is_blocked(ANA, BEN) is False
    assert await relations.is_blocked(ANA, BEN)


async def test_cached_pair_expires(
    store: RecordingSocialStore, relations: BlockService, clock: Clock
) -> None:
    """In either order of the two; after that they have to be asked for again."""
    assert relations.cached_is_blocked(ANA, BEN) is None
    await store.block(ANA, BEN)
    assert await relations.load_is_blocked(ANA, BEN)
    assert relations.cached_is_blocked(BEN, ANA) is True
    clock.now_s += CACHE_TTL_S - 0.01
    assert relations.cached_is_blocked(ANA, BEN) is True
    clock.now_s += 0.01

    assert relations.cached_is_blocked(ANA, BEN) is None
    assert len(store.calls) == 1


async def test_cache_age_starts_before_the_read(
    store: RecordingSocialStore, relations: BlockService, clock: Clock
) -> None:
    """However long the answer took: it is as old as the look."""

    async def slow() -> None:
        clock.now_s += CACHE_TTL_S

    store.after_read = slow
    assert not await relations.load_is_blocked(ANA, BEN)

    assert relations.cached_is_blocked(ANA, BEN) is None


async def test_invalidate_drops_the_pair(store: RecordingSocialStore, relations: BlockService) -> None:
    """Whoever hears of it forgets the pair, whichever of them is named first; others stay."""
    await relations.load_is_blocked(ANA, BEN)
    await relations.load_is_blocked(ANA, CYD)
    await store.block(BEN, ANA)
    relations.invalidate(BEN, ANA)

    assert relations.cached_is_blocked(ANA, BEN) is None
    assert relations.cached_is_blocked(ANA, CYD) is False
    assert await relations.load_is_blocked(ANA, BEN)


async def test_invalidation_during_load_prevents_caching(
    store: RecordingSocialStore, relations: BlockService
) -> None:
    """The answer may be the old one, so it is given and not kept."""

    async def block() -> None:
        store.after_read = _no_op
        await store.block(ANA, BEN)
        relations.invalidate(ANA, BEN)

    store.after_read = block
    assert not await relations.load_is_blocked(ANA, BEN)
    assert relations.cached_is_blocked(ANA, BEN) is None

    assert await relations.load_is_blocked(ANA, BEN)
    assert relations.cached_is_blocked(ANA, BEN) is True


async def test_failed_load_caches_nothing(store: RecordingSocialStore, relations: BlockService) -> None:
    """Nobody is taken to be apart, or not apart, because the store was away."""

    async def away() -> None:
        raise Unavailable

    store.after_read = away
    with pytest.raises(Unavailable):
        await relations.load_is_blocked(ANA, BEN)
    assert relations.cached_is_blocked(ANA, BEN) is None
    store.after_read = _no_op

    assert not await relations.load_is_blocked(ANA, BEN)


async def test_cache_evicts_the_oldest_pair(
    store: RecordingSocialStore, relations: BlockService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a bound to how many are remembered; one that was asked for again is young."""
    monkeypatch.setattr(module, "CACHED_PAIRS_MAX", 2)
    await relations.load_is_blocked(ANA, BEN)
    await relations.load_is_blocked(ANA, CYD)
    await relations.load_is_blocked(ANA, BEN)
    await relations.load_is_blocked(ANA, DAN)

    assert [relations.cached_is_blocked(ANA, one) for one in (BEN, CYD, DAN)] == [False, None, False]

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
REMEMBERED_S = 2.0


async def _nothing() -> None:
    """Nobody comes between."""


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Asked(PostgresSocial):
    """The store, with each question noted; `meanwhile` happens after it has looked and before it answers."""

    def __init__(self, social: PostgresSocial) -> None:
        super().__init__(social._pool)
        self.questions: list[list[str]] = []
        self.meanwhile: Callable[[], Awaitable[None]] = _nothing

    async def blocks(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        self.questions.append(list(user_ids))
        found = await super().blocks(user_ids)
        await self.meanwhile()
        return found


@pytest.fixture
def store(social: PostgresSocial) -> Asked:
    return Asked(social)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def relations(store: Asked, clock: Clock) -> AsyncIterator[BlockService]:
    made = BlockService(store, REMEMBERED_S, clock)
    yield made
    await made.close()


async def test_a_block_parts_both(store: Asked, relations: BlockService) -> None:
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


async def test_hidden_are_all_on_either_side(store: Asked, relations: BlockService) -> None:
    """Each once, also who blocks back; for others there is nobody."""
    await store.block(ANA, BEN)
    await store.block(BEN, ANA)
    await store.block(CYD, ANA)

    assert sorted(await relations.list_blocked_users(ANA)) == sorted([BEN, CYD])
    assert list(await relations.list_blocked_users(CYD)) == [ANA]
    assert list(await relations.list_blocked_users(DAN)) == []


async def test_questions_of_one_moment_are_one(store: Asked, relations: BlockService) -> None:
    """Of many callers, for many users: one look at the store."""
    await store.block(ANA, BEN)
    answers = await asyncio.gather(
        relations.is_blocked(ANA, BEN),
        relations.is_blocked(ANA, CYD),
        relations.is_blocked(BEN, ANA),
        relations.is_blocked(CYD, ANA),
    )

    assert list(answers) == [True, False, True, False]
    assert store.questions == [[ANA, BEN, CYD]]


async def test_what_one_may_not_see_does_not_exist(store: Asked, relations: BlockService) -> None:
    """The refusal is the one of what is not there."""
    await store.block(BEN, ANA)
    with pytest.raises(ApiError) as refused:
        await relations.require_visible(ANA, BEN, "post.not_found", "No such post.")
    await relations.require_visible(ANA, CYD, "post.not_found", "No such post.")

    assert (refused.value.code, refused.value.status) == ("post.not_found", 404)


async def test_what_is_asked_is_never_answered_from_memory(store: Asked, relations: BlockService) -> None:
    """Only the way of a message goes by what is remembered."""
    assert not await relations.load_is_blocked(ANA, BEN)
    await store.block(ANA, BEN)

    assert relations.cached_is_blocked(ANA, BEN) is False
    assert await relations.is_blocked(ANA, BEN)


async def test_a_pair_is_remembered_for_a_moment(store: Asked, relations: BlockService, clock: Clock) -> None:
    """In either order of the two; after that they have to be asked for again."""
    assert relations.cached_is_blocked(ANA, BEN) is None
    await store.block(ANA, BEN)
    assert await relations.load_is_blocked(ANA, BEN)
    assert relations.cached_is_blocked(BEN, ANA) is True
    clock.now_s += REMEMBERED_S - 0.01
    assert relations.cached_is_blocked(ANA, BEN) is True
    clock.now_s += 0.01

    assert relations.cached_is_blocked(ANA, BEN) is None
    assert len(store.questions) == 1


async def test_the_moment_begins_with_the_question(
    store: Asked, relations: BlockService, clock: Clock
) -> None:
    """However long the answer took: it is as old as the look."""

    async def slow() -> None:
        clock.now_s += REMEMBERED_S

    store.meanwhile = slow
    assert not await relations.load_is_blocked(ANA, BEN)

    assert relations.cached_is_blocked(ANA, BEN) is None


async def test_a_change_is_not_waited_out(store: Asked, relations: BlockService) -> None:
    """Whoever hears of it forgets the pair, whichever of them is named first; others stay."""
    await relations.load_is_blocked(ANA, BEN)
    await relations.load_is_blocked(ANA, CYD)
    await store.block(BEN, ANA)
    relations.invalidate(BEN, ANA)

    assert relations.cached_is_blocked(ANA, BEN) is None
    assert relations.cached_is_blocked(ANA, CYD) is False
    assert await relations.load_is_blocked(ANA, BEN)


async def test_a_change_during_a_look_up_is_not_covered_by_its_answer(
    store: Asked, relations: BlockService
) -> None:
    """The answer may be the old one, so it is given and not kept."""

    async def block() -> None:
        store.meanwhile = _nothing
        await store.block(ANA, BEN)
        relations.invalidate(ANA, BEN)

    store.meanwhile = block
    assert not await relations.load_is_blocked(ANA, BEN)
    assert relations.cached_is_blocked(ANA, BEN) is None

    assert await relations.load_is_blocked(ANA, BEN)
    assert relations.cached_is_blocked(ANA, BEN) is True


async def test_a_look_up_that_fails_leaves_nothing(store: Asked, relations: BlockService) -> None:
    """Nobody is taken to be apart, or not apart, because the store was away."""

    async def away() -> None:
        raise Unavailable

    store.meanwhile = away
    with pytest.raises(Unavailable):
        await relations.load_is_blocked(ANA, BEN)
    assert relations.cached_is_blocked(ANA, BEN) is None
    store.meanwhile = _nothing

    assert not await relations.load_is_blocked(ANA, BEN)


async def test_the_oldest_pairs_make_room(
    store: Asked, relations: BlockService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a bound to how many are remembered; one that was asked for again is young."""
    monkeypatch.setattr(module, "CACHED_PAIRS_MAX", 2)
    await relations.load_is_blocked(ANA, BEN)
    await relations.load_is_blocked(ANA, CYD)
    await relations.load_is_blocked(ANA, BEN)
    await relations.load_is_blocked(ANA, DAN)

    assert [relations.cached_is_blocked(ANA, one) for one in (BEN, CYD, DAN)] == [False, None, False]

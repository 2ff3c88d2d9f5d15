"""Cached blocks are compared with the store, so that a lost bus message does not let messages pass."""

import uuid
from collections.abc import AsyncIterator

import pytest

from actors.social.block_comparison import BlockComparison
from actors.social.block_service import COMPARED_TTL_S, COMPARISON_AGE_MAX, BlockService
from storage.errors import Unavailable
from storage.postgres.social import PostgresSocial
from tests.until import until

ANA, BEN, CYD = (str(uuid.uuid4()) for _ in range(3))
INTERVAL_S = 1.0


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def block_service(social: PostgresSocial, clock: Clock) -> AsyncIterator[BlockService]:
    service = BlockService(social, INTERVAL_S, clock)
    yield service
    await service.close()


@pytest.fixture
def comparison(social: PostgresSocial, block_service: BlockService, clock: Clock) -> BlockComparison:
    return BlockComparison(social, block_service, INTERVAL_S, clock)


async def test_new_block_is_found_without_the_bus(
    social: PostgresSocial, block_service: BlockService, comparison: BlockComparison
) -> None:
    """The next comparison drops the pair in either order, and keeps others."""
    await block_service.load_is_blocked(ANA, BEN)
    await block_service.load_is_blocked(ANA, CYD)
    await social.block(BEN, ANA)
    await comparison.compare()

    assert block_service.cached_is_blocked(ANA, BEN) is None
    assert block_service.cached_is_blocked(ANA, CYD) is False
    assert await block_service.load_is_blocked(ANA, BEN)


async def test_compared_results_are_cached_longer(
    block_service: BlockService, comparison: BlockComparison, clock: Clock
) -> None:
    """While comparisons succeed a result is cached for `COMPARED_TTL_S`, else for one interval."""
    await block_service.load_is_blocked(ANA, BEN)
    while clock.now_s < 1000.0 + COMPARED_TTL_S:
        await comparison.compare()
        assert block_service.cached_is_blocked(ANA, BEN) is False
        clock.now_s += INTERVAL_S
    assert block_service.cached_is_blocked(ANA, BEN) is None

    await block_service.load_is_blocked(ANA, BEN)
    clock.now_s += COMPARISON_AGE_MAX * INTERVAL_S
    assert block_service.cached_is_blocked(ANA, BEN) is None
    await block_service.load_is_blocked(ANA, BEN)
    assert block_service.cached_is_blocked(ANA, BEN) is False


async def test_failed_comparison_is_repeated(
    social: PostgresSocial,
    block_service: BlockService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the store was unavailable, blocks created meanwhile are found."""
    recent_blocks = social.recent_blocks
    failures = 0

    async def fail_twice(within_s: float, limit: int) -> list[tuple[str, str]]:
        nonlocal failures
        failures += 1
        if failures <= 2:
            raise Unavailable
        return await recent_blocks(within_s, limit)

    monkeypatch.setattr(social, "recent_blocks", fail_twice)
    await block_service.load_is_blocked(ANA, BEN)
    await social.block(ANA, BEN)
    comparison = BlockComparison(social, block_service, 0.01)
    comparison.start()
    await until(lambda: block_service.cached_is_blocked(ANA, BEN) is None)
    await comparison.close()

    assert failures >= 3


async def test_new_blocks_are_reported(
    social: PostgresSocial, block_service: BlockService, comparison: BlockComparison
) -> None:
    """So that the two no longer watch each other's presence, although the bus lost the message."""
    reported: list[tuple[str, str]] = []
    comparison.on_blocked = lambda user_id, other_id: reported.append((user_id, other_id))
    await social.block(BEN, ANA)
    await comparison.compare()

    assert (BEN, ANA) in reported

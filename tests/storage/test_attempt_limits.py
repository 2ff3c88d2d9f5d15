"""Contract of the attempt limits: on Redis, in memory, and with the fallback between them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from storage.contracts.attempt_limits import AttemptLimit, AttemptLimits
from storage.fallback_attempt_limits import FallbackAttemptLimits
from storage.memory.attempt_limits import MemoryAttemptLimits
from storage.redis.attempt_limits import RedisAttemptLimits
from storage.redis.timeouts import Timeouts
from tests.storage.valkey_server import ValkeyServer
from tests.until import until

HOUR_MS = 3_600_000
A = AttemptLimit("a", HOUR_MS, 3)
B = AttemptLimit("b", HOUR_MS, 2)


@pytest.fixture(params=["redis", "memory", "fallback"])
async def attempts(request: pytest.FixtureRequest) -> AsyncIterator[AttemptLimits]:
    if request.param == "memory":
        yield MemoryAttemptLimits()
        return
    server: ValkeyServer = request.getfixturevalue("server")
    shared = await RedisAttemptLimits.open(server.url)
    yield shared if request.param == "redis" else FallbackAttemptLimits(shared, MemoryAttemptLimits())
    await shared.close()


async def test_burst_is_allowed_and_then_refused(attempts: AttemptLimits) -> None:
    """The wait is the time until the next attempt comes back; a refusal costs nothing."""
    assert [await attempts.take([A]) for _ in range(3)] == [0, 0, 0]
    for _ in range(2):
        assert HOUR_MS - 60_000 < await attempts.take([A]) <= HOUR_MS
    assert await attempts.take([B]) == 0


async def test_attempts_come_back(attempts: AttemptLimits) -> None:
    """After the wait that a refusal names, there is one more."""
    limit = AttemptLimit("quick", 500, 1)
    assert await attempts.take([limit]) == 0
    wait_ms = await attempts.take([limit])
    assert 0 < wait_ms <= 500
    await asyncio.sleep((wait_ms + 1) / 1000)
    assert await attempts.take([limit]) == 0


async def test_several_limits_are_taken_together_or_not_at_all(attempts: AttemptLimits) -> None:
    """A refusal by one spends nothing of the other."""
    assert [await attempts.take([A, B]) for _ in range(2)] == [0, 0]
    assert await attempts.take([A, B]) > 0
    assert await attempts.take([A]) == 0
    assert await attempts.take([A]) > 0


async def test_given_back_attempts_can_be_taken_again(attempts: AttemptLimits) -> None:
    """As many as were given back, and never more than the burst."""
    await attempts.refund([A])
    assert [await attempts.take([A]) for _ in range(3)] == [0, 0, 0]
    await attempts.refund([A])
    assert await attempts.take([A]) == 0
    assert await attempts.take([A]) > 0


async def test_concurrent_attempts_do_not_exceed_the_burst(attempts: AttemptLimits) -> None:
    """Ten at once get three."""
    waits = await asyncio.gather(*(attempts.take([A]) for _ in range(10)))
    assert sorted(wait > 0 for wait in waits) == [False] * 3 + [True] * 7


async def test_set_remembers_its_latest_members(attempts: AttemptLimits) -> None:
    """The oldest give way; adding one again makes it the latest."""
    for member in ("one", "two", "one", "three"):
        assert not await attempts.is_known("set", "three")
        await attempts.add_known("set", member, 2, 60)
        await asyncio.sleep(0.002)  # members are ordered by milliseconds
    assert [await attempts.is_known("set", member) for member in ("one", "two", "three")] == [
        True,
        False,
        True,
    ]
    assert not await attempts.is_known("another set", "one")


async def test_instances_share_the_count(server: ValkeyServer) -> None:
    """Two clients of one server have one budget."""
    first, second = [await RedisAttemptLimits.open(server.url) for _ in range(2)]
    assert [await one.take([A]) for one in (first, second, first)] == [0, 0, 0]
    assert await second.take([A]) > 0
    await first.close()
    await second.close()


async def test_every_key_expires(server: ValkeyServer) -> None:
    """Nothing stays in Redis for ever."""
    attempts = await RedisAttemptLimits.open(server.url)
    await attempts.take([A, B])
    await attempts.refund([B])
    await attempts.add_known("set", "one", 2, 60)
    keys = await attempts._client.execute("KEYS", "*")
    assert sorted(keys) == [b"convene:attempts:known:set", b"convene:attempts:limit:a"]
    for key in keys:
        assert await attempts._client.execute("PTTL", key) > 0
    await attempts.close()


async def test_memory_is_bounded() -> None:
    """The least recently used keys are dropped."""
    attempts = MemoryAttemptLimits(max_keys=10)
    for number in range(100):
        await attempts.take([AttemptLimit(f"key {number}", HOUR_MS, 1)])
    assert len(attempts) == 10


async def test_each_instance_counts_while_redis_is_down(server: ValkeyServer) -> None:
    """Attempts are still limited, and what was remembered is known."""
    shared = await RedisAttemptLimits.open(server.url, timeouts=Timeouts(reply_s=0.2))
    attempts = FallbackAttemptLimits(shared, MemoryAttemptLimits())
    await attempts.add_known("set", "one", 2, 60)
    server.kill()
    assert [await attempts.take([A]) for _ in range(3)] == [0, 0, 0]
    assert await attempts.take([A]) > 0
    assert await attempts.is_known("set", "one")
    await attempts.refund([A])
    assert await attempts.take([A]) == 0
    server.start()
    await until(lambda: shared._client.connection.connected)
    assert await attempts.take([A]) == 0
    await shared.close()

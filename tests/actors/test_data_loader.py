"""Look-ups gathered per tick."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError
from config.accounts import DATA_LOADER_BATCH_KEYS, DATA_LOADER_BATCHES_IN_FLIGHT, DATA_LOADER_QUEUE_MAX
from tests.until import until


class Store:
    """Answers when it is let, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None

    async def load(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(list(keys))
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return {key: key.upper() for key in keys if key != "nobody"}


@pytest.fixture
def store() -> Store:
    return Store()


async def test_one_tick_is_one_call(store: Store) -> None:
    """Everything asked for in a tick goes in one call, each key once."""
    lookups = DataLoader(store.load)
    found = await asyncio.gather(*(lookups.get(key) for key in ("a", "b", "a", "nobody")))
    assert found == ["A", "B", "A", None]
    assert store.asked == [["a", "b", "nobody"]]
    assert await lookups.get_many(["c", "nobody", "c"]) == {"c": "C"}


async def test_a_call_under_way_is_not_joined(store: Store) -> None:
    """A question gets an answer that was read after it was asked."""
    lookups = DataLoader(store.load)
    store.open.clear()
    first = asyncio.ensure_future(lookups.get("a"))
    await until(lambda: store.asked)
    second = asyncio.ensure_future(lookups.get("a"))
    await until(lambda: len(store.asked) == 2)
    store.open.set()
    assert [*await asyncio.gather(first, second)] == ["A", "A"]


async def test_cancelling_one_caller_leaves_the_others(store: Store) -> None:
    """Whoever goes away takes nobody's answer along."""
    lookups = DataLoader(store.load)
    store.open.clear()
    gone, stays = (asyncio.ensure_future(lookups.get("a")) for _ in range(2))
    await until(lambda: store.asked)
    gone.cancel()
    store.open.set()
    assert await stays == "A"


async def test_failure_reaches_every_caller_and_passes(store: Store) -> None:
    """All who waited get the failure; the next call is a new one."""
    lookups = DataLoader(store.load)
    store.failure = OSError("gone")
    outcomes = await asyncio.gather(lookups.get("a"), lookups.get("b"), return_exceptions=True)
    assert [*outcomes] == [store.failure, store.failure]
    store.failure = None
    assert await lookups.get("a") == "A"


async def test_calls_are_bounded_in_keys_and_number(store: Store) -> None:
    """Many keys become calls of bounded size, only so many at once."""
    lookups = DataLoader(store.load)
    store.open.clear()
    keys = [str(number) for number in range(DATA_LOADER_BATCH_KEYS * (DATA_LOADER_BATCHES_IN_FLIGHT + 2))]
    every = asyncio.ensure_future(lookups.get_many(keys))
    for _ in range(20):
        await asyncio.sleep(0)
    assert [len(asked) for asked in store.asked] == [DATA_LOADER_BATCH_KEYS] * DATA_LOADER_BATCHES_IN_FLIGHT
    store.open.set()
    assert len(await every) == len(keys)
    assert max(len(asked) for asked in store.asked) == DATA_LOADER_BATCH_KEYS


async def test_too_many_waiting_are_refused(store: Store) -> None:
    """Past what may wait the caller is told to come back."""
    lookups = DataLoader(store.load)
    with pytest.raises(ApiError) as refused:
        await lookups.get_many(str(number) for number in range(DATA_LOADER_QUEUE_MAX + 1))
    assert refused.value.code == "server.overloaded"
    await lookups.close()


async def test_closing_ends_what_waits(store: Store) -> None:
    """Nobody waits for ever for a look-up that was closed."""
    lookups = DataLoader(store.load)
    store.open.clear()
    waits = asyncio.ensure_future(lookups.get("a"))
    await until(lambda: store.asked)
    await lookups.close()
    with pytest.raises(asyncio.CancelledError):
        await waits

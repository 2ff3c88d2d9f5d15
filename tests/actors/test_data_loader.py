"""The data loader batches the lookups of one tick."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from actors.data_loader import DataLoader
from actors.protocol.errors import ApiError
from config.accounts import (
    DATA_LOADER_BATCH_KEYS,
    DATA_LOADER_BATCHES_IN_FLIGHT,
    DATA_LOADER_BULK_WAITING_MAX,
    DATA_LOADER_QUEUE_MAX,
)
from tests.until import until


class GatedStore:
    """A store that waits for its gate and records the requested keys."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None

    async def load(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.batches.append(list(keys))
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return {key: key.upper() for key in keys if key != "nobody"}


@pytest.fixture
def store() -> GatedStore:
    return GatedStore()


async def test_keys_of_one_tick_are_loaded_together(store: GatedStore) -> None:
    """The keys of one tick are loaded in one call, each key once."""
    lookups = DataLoader(store.load)
    found = await asyncio.gather(*(lookups.get(key) for key in ("a", "b", "a", "nobody")))
    assert found == ["A", "B", "A", None]
    assert store.batches == [["a", "b", "nobody"]]
    assert await lookups.get_many(["c", "nobody", "c"]) == {"c": "C"}


async def test_lookup_does_not_join_a_running_batch(store: GatedStore) -> None:
    """A value is read after its lookup was made."""
    lookups = DataLoader(store.load)
    store.gate.clear()
    first = asyncio.ensure_future(lookups.get("a"))
    await until(lambda: store.batches)
    second = asyncio.ensure_future(lookups.get("a"))
    await until(lambda: len(store.batches) == 2)
    store.gate.set()
    assert [*await asyncio.gather(first, second)] == ["A", "A"]


async def test_cancelling_one_caller_does_not_affect_others(store: GatedStore) -> None:
    """A cancelled caller does not cancel the lookup of others."""
    lookups = DataLoader(store.load)
    store.gate.clear()
    gone, stays = (asyncio.ensure_future(lookups.get("a")) for _ in range(2))
    await until(lambda: store.batches)
    gone.cancel()
    store.gate.set()
    assert await stays == "A"


async def test_load_error_is_raised_to_every_caller(store: GatedStore) -> None:
    """All waiting callers get the error; the next call loads again."""
    lookups = DataLoader(store.load)
    store.failure = OSError("gone")
    outcomes = await asyncio.gather(lookups.get("a"), lookups.get("b"), return_exceptions=True)
    assert [*outcomes] == [store.failure, store.failure]
    store.failure = None
    assert await lookups.get("a") == "A"


async def test_batch_size_and_concurrency_are_bounded(store: GatedStore) -> None:
    """Many keys become batches of bounded size, and few run at once."""
    lookups = DataLoader(store.load)
    store.gate.clear()
    keys = [str(number) for number in range(DATA_LOADER_BATCH_KEYS * (DATA_LOADER_BATCHES_IN_FLIGHT + 2))]
    every = asyncio.gather(*map(lookups.get, keys))
    for _ in range(20):
        await asyncio.sleep(0)
    assert [len(asked) for asked in store.batches] == [DATA_LOADER_BATCH_KEYS] * DATA_LOADER_BATCHES_IN_FLIGHT
    store.gate.set()
    assert len(await every) == len(keys)
    assert max(len(asked) for asked in store.batches) == DATA_LOADER_BATCH_KEYS


async def test_full_queue_is_overloaded(store: GatedStore) -> None:
    """A full queue raises `server.overloaded` with a retry delay."""
    lookups = DataLoader(store.load)
    with pytest.raises(ApiError) as refused:
        await asyncio.gather(*(lookups.get(str(number)) for number in range(DATA_LOADER_QUEUE_MAX + 1)))
    assert refused.value.code == "server.overloaded"
    await lookups.close()


async def test_many_keys_do_not_delay_or_refuse_others(store: GatedStore) -> None:
    """Callers with thousands of keys wait for each other; a lookup of one key is made at once."""
    lookups = DataLoader(store.load)
    store.gate.clear()
    many = [
        asyncio.ensure_future(lookups.get_many(f"{caller} {number}" for number in range(4990)))
        for caller in range(DATA_LOADER_BULK_WAITING_MAX)
    ]
    await until(lambda: store.batches)
    with pytest.raises(ApiError) as refused:
        await lookups.get_many(map(str, range(4990)))
    assert refused.value.code == "server.overloaded"
    assert len(store.batches) == 1
    one = asyncio.ensure_future(lookups.get("a"))
    await until(lambda: len(store.batches) == 2)
    assert store.batches[1] == ["a"]
    store.gate.set()
    assert await one == "A"
    assert [len(values) for values in await asyncio.gather(*many)] == [4990] * DATA_LOADER_BULK_WAITING_MAX
    assert max(map(len, store.batches)) == DATA_LOADER_BATCH_KEYS


async def test_close_cancels_pending_lookups(store: GatedStore) -> None:
    """Closing cancels waiting callers."""
    lookups = DataLoader(store.load)
    store.gate.clear()
    waits = asyncio.ensure_future(lookups.get("a"))
    await until(lambda: store.batches)
    await lookups.close()
    with pytest.raises(asyncio.CancelledError):
        await waits


async def test_batches_start_an_interval_apart(store: GatedStore) -> None:
    """The first lookup does not wait; those within the interval share one batch at its end."""
    loop = asyncio.get_running_loop()
    lookups = DataLoader(store.load, interval_s=0.3)
    started_at = loop.time()
    assert await lookups.get("a") == "A"
    second = asyncio.ensure_future(lookups.get("b"))
    await asyncio.sleep(0)
    third = asyncio.ensure_future(lookups.get("c"))
    assert [*await asyncio.gather(second, third)] == ["B", "C"]
    assert store.batches == [["a"], ["b", "c"]]
    assert loop.time() - started_at >= 0.29


async def test_lone_lookups_do_not_wait_for_the_interval(store: GatedStore) -> None:
    """An interval that has passed since the last batch delays nothing."""
    lookups = DataLoader(store.load, interval_s=60.0)
    assert await asyncio.wait_for(lookups.get("a"), 20) == "A"

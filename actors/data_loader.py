"""Look-ups of one event-loop tick, gathered into one call of the store.

    get(a) get(b) get(a)  --tick-->  load([a, b])  -->  each caller its own value

A look-up joins only a call that has not begun, so nobody gets an answer older than the question.
Never keeps a value: caching is for those who know how old it may be.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from actors.protocol.errors import overloaded
from config.accounts import DATA_LOADER_BATCH_KEYS, DATA_LOADER_BATCHES_IN_FLIGHT, DATA_LOADER_QUEUE_MAX

Value = TypeVar("Value")
LoadBatch = Callable[[Sequence[str]], Awaitable[Mapping[str, Value]]]


class DataLoader(Generic[Value]):
    """Turns many `get` into few `load`; bounded in keys a call, calls at once and keys that wait."""

    __slots__ = ("_load_batch", "_pending", "_running_batches", "_scheduled")

    def __init__(self, load: LoadBatch[Value]) -> None:
        self._load_batch = load
        self._pending: dict[str, asyncio.Future[Value | None]] = {}
        self._running_batches: set[asyncio.Task[None]] = set()
        self._scheduled = False

    async def get(self, key: str) -> Value | None:
        """Find the value of `key`, None when the store has none.

        Raises what `load` raised, or `server.overloaded`. Cancelling one caller leaves the others be.
        """
        return await asyncio.shield(self._enqueue(key))

    async def get_many(self, keys: Iterable[str]) -> dict[str, Value]:
        """Find those of the keys that the store knows."""
        asked = {key: self._enqueue(key) for key in keys}
        found: dict[str, Value] = {}
        for key, future in asked.items():
            value = await asyncio.shield(future)
            if value is not None:
                found[key] = value
        return found

    async def close(self) -> None:
        """End what runs; whoever still waits gets a cancellation."""
        for future in self._pending.values():
            future.cancel()
        self._pending.clear()
        running = list(self._running_batches)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _enqueue(self, key: str) -> asyncio.Future[Value | None]:
        future = self._pending.get(key)
        if future is None:
            if len(self._pending) >= DATA_LOADER_QUEUE_MAX:
                raise overloaded("Too many look-ups are waiting.", retry_after_ms=1000)
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(_mark_exception_retrieved)
            self._pending[key] = future
            self._schedule()
        return future

    def _schedule(self) -> None:
        if (
            not self._scheduled
            and self._pending
            and len(self._running_batches) < DATA_LOADER_BATCHES_IN_FLIGHT
        ):
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._start_batch)

    def _start_batch(self) -> None:
        self._scheduled = False
        keys = list(islice(self._pending, DATA_LOADER_BATCH_KEYS))
        if not keys:
            return
        batch = {key: self._pending.pop(key) for key in keys}
        task = asyncio.get_running_loop().create_task(self._run_batch(batch))
        self._running_batches.add(task)
        task.add_done_callback(self._on_batch_done)
        self._schedule()

    def _on_batch_done(self, task: asyncio.Task[None]) -> None:
        self._running_batches.discard(task)
        self._schedule()

    async def _run_batch(self, batch: dict[str, asyncio.Future[Value | None]]) -> None:
        try:
            values = await self._load_batch(list(batch))
        except asyncio.CancelledError:
            for future in batch.values():
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - every caller gets it
            for future in batch.values():
                if not future.done():
                    future.set_exception(error)
            return
        for key, future in batch.items():
            if not future.done():
                future.set_result(values.get(key))


def _mark_exception_retrieved(future: asyncio.Future[Value | None]) -> None:
    """Take note of a failure that nobody waits for any more, or asyncio warns of it."""
    if not future.cancelled():
        future.exception()

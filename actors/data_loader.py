"""Batches the lookups of one loop tick, or of an interval under load, into one store call.

    get(a) get(b) get(a)  --tick-->  load([a, b])  -->  each caller its own value

A lookup only joins a batch that has not started, so a value is never older than its request.
Values are not cached. A caller with more keys than one batch does not join it: its keys are loaded in turns,
one batch of them at a time, so that the lookups of others wait for one such batch at most.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import Context
from itertools import islice
from typing import Generic, TypeVar

from actors.protocol.errors import overloaded
from actors.runtime.task_pool import TaskPool
from config.accounts import (
    DATA_LOADER_BATCH_KEYS,
    DATA_LOADER_BATCHES_IN_FLIGHT,
    DATA_LOADER_BULK_WAITING_MAX,
    DATA_LOADER_QUEUE_MAX,
)

Value = TypeVar("Value")
LoadBatch = Callable[[Sequence[str]], Awaitable[Mapping[str, Value]]]


class DataLoader(Generic[Value]):
    """Batches `get` calls; bounded in keys per batch, concurrent batches and waiting keys."""

    __slots__ = (
        "_bulk_lock",
        "_bulk_waiting",
        "_interval_s",
        "_load_batch",
        "_pending",
        "_running_batches",
        "_scheduled",
        "_started_at",
    )

    def __init__(self, load: LoadBatch[Value], interval_s: float = 0.0) -> None:
        """Batches start at least `interval_s` apart: then more lookups share one under load."""
        self._load_batch = load
        self._interval_s = interval_s
        self._started_at = -interval_s
        self._pending: dict[str, asyncio.Future[Value | None]] = {}
        self._running_batches = TaskPool("data loader")
        self._scheduled = False
        self._bulk_lock = asyncio.Lock()
        self._bulk_waiting = 0

    async def get(self, key: str) -> Value | None:
        """Return the value of `key`, or None if the store has none.

        Raises what `load` raised, or `server.overloaded` if too many keys wait. Cancelling one caller does
        not affect other callers of the same key.
        """
        return await asyncio.shield(self._enqueue(key))

    async def get_many(self, keys: Iterable[str]) -> dict[str, Value]:
        """Return the values of the keys that exist. Raises as `get`."""
        wanted = list(dict.fromkeys(keys))
        if len(wanted) > DATA_LOADER_BATCH_KEYS:
            return await self._load_bulk(wanted)
        futures = {key: self._enqueue(key) for key in wanted}
        values: dict[str, Value] = {}
        for key, future in futures.items():
            # The keys of a batch are done together, so usually only the first one is waited for.
            value = future.result() if future.done() else await asyncio.shield(future)
            if value is not None:
                values[key] = value
        return values

    async def close(self) -> None:
        """Cancel running batches and every waiting caller."""
        for future in self._pending.values():
            future.cancel()
        self._pending.clear()
        await self._running_batches.cancel()

    async def _load_bulk(self, keys: Sequence[str]) -> dict[str, Value]:
        """Load many keys in batches, each of them in turn with other such callers."""
        if self._bulk_waiting >= DATA_LOADER_BULK_WAITING_MAX:
            raise overloaded("Too many lookups of many keys are waiting. Retry later.")
        values: dict[str, Value] = {}
        self._bulk_waiting += 1
        try:
            for start in range(0, len(keys), DATA_LOADER_BATCH_KEYS):
                async with self._bulk_lock:
                    values.update(await self._load_batch(keys[start : start + DATA_LOADER_BATCH_KEYS]))
        finally:
            self._bulk_waiting -= 1
        return values

    def _enqueue(self, key: str) -> asyncio.Future[Value | None]:
        future = self._pending.get(key)
        if future is None:
            if len(self._pending) >= DATA_LOADER_QUEUE_MAX:
                raise overloaded("Too many lookups are waiting. Retry later.")
            future = asyncio.get_running_loop().create_future()
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
            loop = asyncio.get_running_loop()
            starts_at = self._started_at + self._interval_s
            if self._interval_s and starts_at > loop.time():
                loop.call_at(starts_at, self._start_batch, context=Context())
            else:
                loop.call_soon(self._start_batch, context=Context())

    def _start_batch(self) -> None:
        self._scheduled = False
        keys = list(islice(self._pending, DATA_LOADER_BATCH_KEYS))
        if not keys:
            return
        self._started_at = asyncio.get_running_loop().time()
        batch = {key: self._pending.pop(key) for key in keys}
        self._running_batches.spawn(self._run_batch(batch)).add_done_callback(self._on_batch_done)
        self._schedule()

    def _on_batch_done(self, _task: asyncio.Task[None]) -> None:
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
                    # Marks it as retrieved; otherwise asyncio warns when no caller is left to read it.
                    future.exception()
            return
        for key, future in batch.items():
            if not future.done():
                future.set_result(values.get(key))

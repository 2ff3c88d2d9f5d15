"""Starts, wakes, monitors and stops the readers of an instance."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from functools import partial

import msgspec

from actors.domain_events.reader import Reader, ReaderStatistics
from actors.runtime.periodic_job import PeriodicJob, run_all
from actors.runtime.task_pool import TaskPool
from config.limits import IDEMPOTENCY_RETENTION_S
from storage.contracts.domain_events import Cursors, Outbox
from storage.contracts.idempotency import IdempotencyKeys
from storage.contracts.locks import Locks
from storage.errors import Unavailable

PRUNE_INTERVAL_S = 60.0
FAILING_TIMEOUT_S = 30.0
"""Time for which a reader may fail before the health check fails."""

TOPIC_PREFIX = "d:"


class Producer(msgspec.Struct, frozen=True):
    """A service that publishes events: its outbox, the readers of it, and its idempotency keys."""

    outbox: Outbox
    idempotency_keys: IdempotencyKeys
    readers: tuple[Reader, ...]


class Readers:
    """`publish` sends wake-ups to all instances. One may be lost: readers also poll."""

    def __init__(
        self,
        producers: Mapping[str, Producer],
        locks: Sequence[Locks],
        cursors: Mapping[str, Cursors],
        publish: Callable[[str, bytes], None],
        retention_s: float,
    ) -> None:
        self._producers = producers
        self._locks = locks
        self.cursors = cursors
        self._publish = publish
        self._retention_s = retention_s
        self._task_pool = TaskPool("domain event readers")
        self._pruning = PeriodicJob(
            "pruning of domain events", self._prune, PRUNE_INTERVAL_S, waits_first=True
        )
        self._pending_wakes: set[str] = set()

    def start(self) -> None:
        for producer in self._producers.values():
            for reader in producer.readers:
                self._task_pool.spawn(reader.run())
        self._pruning.start()

    async def close(self) -> None:
        await self._pruning.close()
        await self._task_pool.cancel()
        await asyncio.gather(*(locks.release_all() for locks in self._locks), return_exceptions=True)

    def topics(self) -> list[str]:
        """Bus topics to subscribe to; pass each message on one of them to `on_bus_message`."""
        return [TOPIC_PREFIX + service for service in self._producers]

    def on_bus_message(self, topic: str) -> None:
        self._wake_local(topic.removeprefix(TOPIC_PREFIX))

    def wake_readers(self, service: str) -> None:
        """Wake a service's readers on all instances, at most once per loop tick."""
        if service not in self._pending_wakes:
            self._pending_wakes.add(service)
            asyncio.get_running_loop().call_soon(self._publish_wake, service, context=Context())

    def get_reader(self, consumer: str) -> Reader | None:
        return next((reader for reader in self._all_readers() if reader.name == consumer), None)

    def statistics(self) -> list[ReaderStatistics]:
        return [reader.statistics() for reader in self._all_readers()]

    async def check(self) -> None:
        """Raise `Unavailable` if a reader has been failing for more than `FAILING_TIMEOUT_S`."""
        stuck = [reader.consumer for reader in self.statistics() if reader.failing_s > FAILING_TIMEOUT_S]
        if stuck:
            raise Unavailable(f"domain events are not read by {', '.join(stuck)}")

    def _all_readers(self) -> list[Reader]:
        return [reader for producer in self._producers.values() for reader in producer.readers]

    def _publish_wake(self, service: str) -> None:
        self._pending_wakes.discard(service)
        self._wake_local(service)
        self._publish(TOPIC_PREFIX + service, b"")

    def _wake_local(self, service: str) -> None:
        producer = self._producers.get(service)
        for reader in producer.readers if producer else ():
            reader.wake()

    async def _prune(self) -> None:
        # One instance is enough: the one that holds the lock of the first reader.
        await run_all(
            partial(self._prune_producer, producer)
            for producer in self._producers.values()
            if producer.readers and producer.readers[0].is_reading
        )

    async def _prune_producer(self, producer: Producer) -> None:
        await producer.outbox.prune([reader.name for reader in producer.readers], self._retention_s)
        await producer.idempotency_keys.prune(IDEMPOTENCY_RETENTION_S)

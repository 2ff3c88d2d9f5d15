"""The writer that all conversations of this instance share: group commit into the message log.

A batch is what piled up during the last write: an idle server adds no delay and a busy one batches. The
runs of many conversations go out as one ordered insert, which stops at the first refusal, so that what is
stored of each conversation is a prefix of its run. A conversation that lately lost a seq to another
instance writes alone, so that its refusals hold nobody up. A conversation is never in two batches.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from actors.runtime.distribution import Distribution, DistributionStatistics
from config.limits import Limits
from storage.contracts.messaging import MessageLog
from storage.errors import Unavailable
from storage.records.messaging import Appended, Entry

_log = logging.getLogger(__name__)
RETRY_S = 0.05
RETRY_MAX_S = 1.0


class Run(msgspec.Struct, frozen=True):
    """The next entries of one conversation. `done` is called once, with None when the store stayed away."""

    entries: Sequence[Entry]
    contended: bool
    done: Callable[[Appended | None], None]


class LogWriterStatistics(msgspec.Struct, frozen=True):
    waiting_entries: int
    batches_in_flight: int
    entries: int
    refusals: int
    retries: int
    batch_entries: DistributionStatistics
    batch_seconds: DistributionStatistics


class LogWriter:
    def __init__(self, log: MessageLog, limits: Limits) -> None:
        self._store = log
        self._limits = limits
        self._waiting: deque[Run] = deque()
        self._contended: deque[Run] = deque()
        self._waiting_entries = 0
        self._armed = False
        self._writes: set[asyncio.Task[None]] = set()
        self._lone: set[asyncio.Task[None]] = set()
        self._entries = self._refusals = self._retries = 0
        self._sizes = Distribution((1, 2, 5, 10, 20, 50, 100, 200, 500))
        self._seconds = Distribution((0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5))

    def submit(self, run: Run) -> None:
        """Take a run; its conversation submits no other before `done`."""
        (self._contended if run.contended else self._waiting).append(run)
        self._waiting_entries += len(run.entries)
        if not self._armed:
            self._armed = True
            asyncio.get_running_loop().call_soon(self._start)

    def statistics(self) -> LogWriterStatistics:
        return LogWriterStatistics(
            waiting_entries=self._waiting_entries,
            batches_in_flight=len(self._writes) + len(self._lone),
            entries=self._entries,
            refusals=self._refusals,
            retries=self._retries,
            batch_entries=self._sizes.statistics(),
            batch_seconds=self._seconds.statistics(),
        )

    async def drain(self) -> None:
        """Wait until nothing is under way. Ended by its caller's deadline."""
        while self._writes or self._lone or self._waiting or self._contended:
            if self._writes or self._lone:
                await asyncio.wait(self._writes | self._lone)
            else:
                await asyncio.sleep(0)

    def _start(self) -> None:
        self._armed = False
        while self._waiting and len(self._writes) < self._limits.log_batches_in_flight:
            self._begin(self._next_batch(), self._writes)
        # A lane of its own: a run that is likely to be refused takes no place from the others.
        while self._contended and len(self._lone) < self._limits.log_batches_in_flight:
            run = self._contended.popleft()
            self._waiting_entries -= len(run.entries)
            self._begin([run], self._lone)

    def _begin(self, batch: list[Run], lane: "set[asyncio.Task[None]]") -> None:
        task = asyncio.create_task(self._write(batch))
        lane.add(task)
        task.add_done_callback(lane.discard)
        task.add_done_callback(self._finished)

    def _next_batch(self) -> list[Run]:
        batch: list[Run] = []
        entries = 0
        while self._waiting and entries < self._limits.log_batch_entries:
            run = self._waiting.popleft()
            batch.append(run)
            entries += len(run.entries)
        self._waiting_entries -= entries
        return batch

    def _finished(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            _log.error("a batch of the log failed", exc_info=task.exception())
        self._start()

    async def _write(self, batch: list[Run]) -> None:
        rest = batch
        try:
            while rest:
                entries = [entry for run in rest for entry in run.entries]
                appended = await self._append(entries)
                self._entries += appended.stored
                rest = self._settle(rest, appended)
        except BaseException as error:
            # Nothing is known of what was not settled: each conversation reads its log before it goes on.
            for run in rest:
                run.done(None)
            if not isinstance(error, Unavailable):
                raise

    def _settle(self, runs: list[Run], appended: Appended) -> list[Run]:
        """Tell the runs that ended how they ended; answer those that were not reached."""
        stored = appended.stored
        for position, run in enumerate(runs):
            size = len(run.entries)
            if stored >= size:
                stored -= size
                run.done(Appended(size))
                continue
            self._refusals += 1
            run.done(Appended(stored, appended.refused))
            return runs[position + 1 :]
        return []

    async def _append(self, entries: list[Entry]) -> Appended:
        """Append, and while the outcome is unknown append the very same again."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        delay_s = RETRY_S
        while True:
            try:
                appended = await self._store.append(entries)
            except Unavailable:
                if loop.time() + delay_s - began > self._limits.request_timeout_ms / 1000:
                    raise
                self._retries += 1
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_MAX_S)
            else:
                self._sizes.add(len(entries))
                self._seconds.add(loop.time() - began)
                return appended

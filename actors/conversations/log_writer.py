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

from actors.runtime.histogram import Histogram, HistogramStatistics
from config.limits import Limits
from storage.contracts.messaging import Appended, Entry, MessageLog
from storage.errors import Unavailable

_log = logging.getLogger(__name__)
RETRY_DELAY_S = 0.05
RETRY_DELAY_MAX_S = 1.0


class LogBatch(msgspec.Struct, frozen=True):
    """The next entries of one conversation. `done` is called once, with None when the store stayed away."""

    entries: Sequence[Entry]
    is_contended: bool
    on_done: Callable[[Appended | None], None]


class LogWriterStatistics(msgspec.Struct, frozen=True):
    waiting_entries: int
    writes_in_flight: int
    entries: int
    refusals: int
    retries: int
    entries_per_write: HistogramStatistics
    write_seconds: HistogramStatistics


class LogWriter:
    def __init__(self, store: MessageLog, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._waiting: deque[LogBatch] = deque()
        self._contended: deque[LogBatch] = deque()
        self._waiting_entries = 0
        self._scheduled = False
        self._writes: set[asyncio.Task[None]] = set()
        self._contended_writes: set[asyncio.Task[None]] = set()
        self._entries = self._refusals = self._retries = 0
        self._entries_per_write = Histogram((1, 2, 5, 10, 20, 50, 100, 200, 500))
        self._write_seconds = Histogram((0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5))

    def submit(self, batch: LogBatch) -> None:
        """Take a run; its conversation submits no other before `done`."""
        (self._contended if batch.is_contended else self._waiting).append(batch)
        self._waiting_entries += len(batch.entries)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._start_writes)

    def statistics(self) -> LogWriterStatistics:
        return LogWriterStatistics(
            waiting_entries=self._waiting_entries,
            writes_in_flight=len(self._writes) + len(self._contended_writes),
            entries=self._entries,
            refusals=self._refusals,
            retries=self._retries,
            entries_per_write=self._entries_per_write.statistics(),
            write_seconds=self._write_seconds.statistics(),
        )

    async def drain(self) -> None:
        """Wait until nothing is under way. Ended by its caller's deadline."""
        while self._writes or self._contended_writes or self._waiting or self._contended:
            if self._writes or self._contended_writes:
                await asyncio.wait(self._writes | self._contended_writes)
            else:
                await asyncio.sleep(0)

    def _start_writes(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._writes) < self._limits.log_batches_in_flight:
            self._start_write(self._next_group(), self._writes)
        # A lane of its own: a run that is likely to be refused takes no place from the others.
        while self._contended and len(self._contended_writes) < self._limits.log_batches_in_flight:
            run = self._contended.popleft()
            self._waiting_entries -= len(run.entries)
            self._start_write([run], self._contended_writes)

    def _start_write(self, group: list[LogBatch], tasks: "set[asyncio.Task[None]]") -> None:
        task = asyncio.create_task(self._write(group))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._on_write_done)

    def _next_group(self) -> list[LogBatch]:
        batch: list[LogBatch] = []
        entries = 0
        while self._waiting and entries < self._limits.log_batch_entries:
            run = self._waiting.popleft()
            batch.append(run)
            entries += len(run.entries)
        self._waiting_entries -= entries
        return batch

    def _on_write_done(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            _log.error("a batch of the log failed", exc_info=task.exception())
        self._start_writes()

    async def _write(self, group: list[LogBatch]) -> None:
        rest = group
        try:
            while rest:
                entries = [entry for run in rest for entry in run.entries]
                appended = await self._append(entries)
                self._entries += appended.stored_count
                rest = self._complete_batches(rest, appended)
        except BaseException as error:
            # Nothing is known of what was not settled: each conversation reads its log before it goes on.
            for run in rest:
                run.on_done(None)
            if not isinstance(error, Unavailable):
                raise

    def _complete_batches(self, batches: list[LogBatch], appended: Appended) -> list[LogBatch]:
        """Tell the runs that ended how they ended; answer those that were not reached."""
        stored = appended.stored_count
        for position, run in enumerate(batches):
            size = len(run.entries)
            if stored >= size:
                stored -= size
                run.on_done(Appended(size))
                continue
            self._refusals += 1
            run.on_done(Appended(stored, appended.conflict))
            return batches[position + 1 :]
        return []

    async def _append(self, entries: list[Entry]) -> Appended:
        """Append, and while the outcome is unknown append the very same again."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        delay_s = RETRY_DELAY_S
        while True:
            try:
                appended = await self._store.append(entries)
            except Unavailable:
                if loop.time() + delay_s - began > self._limits.request_timeout_ms / 1000:
                    raise
                self._retries += 1
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_DELAY_MAX_S)
            else:
                self._entries_per_write.observe(len(entries))
                self._write_seconds.observe(loop.time() - began)
                return appended

"""Group commit into the message log, shared by all conversations of an instance.

A write takes the batches that were queued while others ran, until it has `log_batch_entries`. So an idle
server adds no delay and a busy one groups its writes. The batches of many conversations form one ordered
insert, which stops at the first entry that is refused: of its batch the entries before it are stored, and no
later batch is. The same write tries the later batches again. After a refusal it first looks up which batches
would be refused, before each attempt until there are none: after an outage two instances hold messages of the
same conversations, and every refusal makes all later batches be attempted again. Conversations that recently
lost a seq to another instance share separate writes, always after such a lookup, so that their refusals do
not delay others. Each conversation has at most one batch in flight.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context

import msgspec

from actors.conversations.write_backlog import WriteBacklog
from config.limits import Limits
from storage.contracts.message_log import Appended, Entry, MessageLog
from storage.errors import Unavailable
from storage.histogram import Histogram, HistogramStatistics

_log = logging.getLogger(__name__)
RETRY_DELAY_S = 0.05
RETRY_DELAY_MAX_S = 1.0


class LogBatch(msgspec.Struct, frozen=True):
    """The next entries of one conversation.

    `on_done` is called once, with None if the outcome is unknown: the store stayed unavailable, or the write
    failed otherwise.
    """

    entries: Sequence[Entry]
    is_contended: bool
    on_done: Callable[[Appended | None], None]


class LogWriterStatistics(msgspec.Struct, frozen=True):
    """`entries` were stored; `attempted_entries` counts an entry at each attempt to store it.

    `refusals`: batches of which an entry conflicted with a stored one. `retries`: attempts repeated after an
    unknown outcome.
    """

    waiting_entries: int
    writes_in_flight: int
    entries: int
    attempted_entries: int
    refusals: int
    retries: int
    entries_per_write: HistogramStatistics
    write_seconds: HistogramStatistics


class _WriteQueue:
    """Batches that share writes, and the writes in progress."""

    __slots__ = ("always_expects_conflicts", "backlog", "expects_conflicts", "waiting", "writes")

    def __init__(self, limits: Limits, *, always_expects_conflicts: bool) -> None:
        self.backlog = WriteBacklog(limits.log_wait_ms / 1000)
        self.waiting: deque[tuple[float, LogBatch]] = deque()
        """With the time of `submit`."""
        self.writes: set[asyncio.Task[None]] = set()
        self.always_expects_conflicts = always_expects_conflicts
        self.expects_conflicts = always_expects_conflicts

    def oldest_wait_s(self, now: float) -> float:
        """Return how long the oldest batch has waited; 0 if none waits."""
        return now - self.waiting[0][0] if self.waiting else 0.0


class LogWriter:
    def __init__(self, store: MessageLog, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._time = asyncio.get_running_loop().time
        self._uncontended = _WriteQueue(limits, always_expects_conflicts=False)
        self._contended = _WriteQueue(limits, always_expects_conflicts=True)
        self._queues = (self._uncontended, self._contended)
        self._waiting_entries = 0
        self._scheduled = False
        self._entries = self._attempted_entries = self._refusals = self._retries = 0
        self._entries_per_write = Histogram((1, 2, 5, 10, 20, 50, 100, 200, 500))
        self._write_seconds = Histogram((0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5))

    @property
    def is_overloaded(self) -> bool:
        """Whether new messages are refused, because more is submitted than is stored."""
        now = self._time()
        return any(queue.backlog.refuses(queue.oldest_wait_s(now)) for queue in self._queues)

    def submit(self, batch: LogBatch) -> None:
        """Queue a batch. The conversation must not submit another one before `on_done`."""
        queue = self._contended if batch.is_contended else self._uncontended
        queue.waiting.append((self._time(), batch))
        self._waiting_entries += len(batch.entries)
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._start_writes, context=Context())

    def statistics(self) -> LogWriterStatistics:
        return LogWriterStatistics(
            waiting_entries=self._waiting_entries,
            writes_in_flight=sum(len(queue.writes) for queue in self._queues),
            entries=self._entries,
            attempted_entries=self._attempted_entries,
            refusals=self._refusals,
            retries=self._retries,
            entries_per_write=self._entries_per_write.statistics(),
            write_seconds=self._write_seconds.statistics(),
        )

    async def drain(self) -> None:
        """Wait until no batch is queued or in flight. Has no timeout; the caller sets the deadline."""
        while any(queue.writes or queue.waiting for queue in self._queues):
            writes = [write for queue in self._queues for write in queue.writes]
            if writes:
                await asyncio.wait(writes)
            else:
                await asyncio.sleep(0)

    def _start_writes(self) -> None:
        self._scheduled = False
        # Separate limits: batches that are likely to be refused do not take write slots from the others.
        for queue in self._queues:
            while queue.waiting and len(queue.writes) < self._limits.log_batches_in_flight:
                task = asyncio.create_task(self._write(self._next_group(queue), queue))
                queue.writes.add(task)
                task.add_done_callback(queue.writes.discard)
                task.add_done_callback(self._on_write_done)

    def _next_group(self, queue: _WriteQueue) -> list[LogBatch]:
        group: list[LogBatch] = []
        entry_count = 0
        while queue.waiting and entry_count < self._limits.log_batch_entries:
            _, batch = queue.waiting.popleft()
            group.append(batch)
            entry_count += len(batch.entries)
        self._waiting_entries -= entry_count
        now = self._time()
        queue.backlog.on_write_started(queue.oldest_wait_s(now), now)
        return group

    def _on_write_done(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            _log.error("message log write failed", exc_info=task.exception())
        self._start_writes()

    async def _write(self, group: list[LogBatch], queue: _WriteQueue) -> None:
        remaining = group
        try:
            while remaining:
                count = len(remaining)
                if queue.expects_conflicts:
                    remaining = await self._refuse_conflicting(remaining)
                has_conflicts = len(remaining) < count
                if remaining:
                    appended = await self._append([entry for batch in remaining for entry in batch.entries])
                    self._entries += appended.stored_count
                    remaining = remaining[self._complete_batches(remaining, appended) :]
                    has_conflicts |= appended.conflict is not None
                queue.expects_conflicts = has_conflicts or queue.always_expects_conflicts
        except BaseException as error:
            # The outcome is unknown. Each conversation reads its log before its next append.
            for batch in remaining:
                batch.on_done(None)
            if not isinstance(error, Unavailable):
                raise

    async def _refuse_conflicting(self, batches: list[LogBatch]) -> list[LogBatch]:
        """Report the batches whose next seq is taken, without an attempt to store them; return the others."""
        try:
            conflicts = await self._store.find_conflicts([batch.entries for batch in batches])
        except Unavailable:
            # The attempt finds out, and is retried.
            return batches
        others: list[LogBatch] = []
        for batch, conflict in zip(batches, conflicts, strict=True):
            if conflict is None:
                others.append(batch)
            else:
                self._refusals += 1
                batch.on_done(Appended(0, conflict))
        return others

    def _complete_batches(self, batches: list[LogBatch], appended: Appended) -> int:
        """Report the result of the batches up to the first refusal. Return the number of these."""
        stored = appended.stored_count
        for position, batch in enumerate(batches):
            size = len(batch.entries)
            if stored >= size:
                stored -= size
                batch.on_done(Appended(size))
                continue
            self._refusals += 1
            batch.on_done(Appended(stored, appended.conflict))
            return position + 1
        return len(batches)

    async def _append(self, entries: list[Entry]) -> Appended:
        """Append, and retry with the same entries while the outcome is unknown.

        Raises `Unavailable` after `request_timeout_ms`.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        delay_s = RETRY_DELAY_S
        while True:
            self._attempted_entries += len(entries)
            try:
                appended = await self._store.append(entries)
            except Unavailable:
                if loop.time() + delay_s - started > self._limits.request_timeout_ms / 1000:
                    raise
                self._retries += 1
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_DELAY_MAX_S)
            else:
                self._entries_per_write.observe(len(entries))
                self._write_seconds.observe(loop.time() - started)
                return appended

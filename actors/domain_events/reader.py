"""Reads one service's outbox for one consumer, on the instance that holds the consumer's lock.

    wake-up or poll -> lock -> read a batch -> handle it and advance the cursor -> read ...

An event that the consumer cannot apply becomes a dead letter and reading continues with the next one. A
temporary failure is retried and delays all later events, so no event is skipped silently.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence

import msgspec

from actors.domain_events.consumer import Consumer
from actors.protocol.errors import ApiError
from storage.contracts.domain_events import Cursor, Cursors, CursorUpdate, Outbox, OutboxEvent
from storage.contracts.locks import Locks
from storage.errors import Conflict, Unavailable
from storage.outages import failure_level

_log = logging.getLogger(__name__)
RECHECK_DELAYS_S = (0.01, 0.05, 0.2)
"""Delays of the reads after a wake-up: the event is not readable until concurrent transactions end."""
CHECK_INTERVAL_S = 5.0
"""Interval at which a reader measures its lag, publishes its cursor for pruning, and looks whether the
producer's database was restored."""

BATCH_DELAY_S = 0.03


class ReaderStatistics(msgspec.Struct, frozen=True):
    """`is_reading`: this instance holds the lock. `lag_s`: age of the oldest unhandled event, when measured.

    `failing_s`: time since reading began to fail; 0 if it works.
    """

    consumer: str
    is_reading: bool
    handled: int
    dead_lettered: int
    lag_s: float
    failing_s: float


class ReaderStores(msgspec.Struct, frozen=True):
    """The outbox that a reader reads, and the stores of its consumer's cursor and lock."""

    outbox: Outbox
    cursors: Cursors
    locks: Locks


class Reader:
    def __init__(self, consumer: Consumer, stores: ReaderStores, poll_s: float, batch_size: int) -> None:
        self._consumer = consumer
        self._outbox = stores.outbox
        self._cursors = stores.cursors
        self._locks = stores.locks
        self._poll_s = poll_s
        self._batch_size = batch_size
        self._wake_event = asyncio.Event()
        # Cached until a failure or `CHECK_INTERVAL_S`. If it is outdated, advancing raises `Conflict`.
        self._cursor: Cursor | None = None
        self._saved_cursor: Cursor | None = None
        self._recheck_count = 0
        self._is_reading = False
        self._handled = 0
        self._dead_lettered = 0
        self._lag_s = 0.0
        self._checked_at = 0.0
        self._failing_since: float | None = None

    @property
    def name(self) -> str:
        return self._consumer.name

    @property
    def is_reading(self) -> bool:
        return self._is_reading

    def wake(self) -> None:
        """Read soon: new events may be available."""
        self._recheck_count = 0
        self._wake_event.set()

    def statistics(self) -> ReaderStatistics:
        since = self._failing_since
        return ReaderStatistics(
            consumer=self.name,
            is_reading=self._is_reading,
            handled=self._handled,
            dead_lettered=self._dead_lettered,
            lag_s=self._lag_s if self._is_reading else 0.0,
            failing_s=0.0 if since is None else time.monotonic() - since,
        )

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            self._wake_event.clear()
            try:
                self._is_reading = await self._locks.try_acquire(self.name)
                if not self._is_reading:
                    self._cursor = None
                handled_count = await self.read() if self._is_reading else 0
                self._failing_since = None
            except (Unavailable, TimeoutError, ApiError, Conflict) as error:
                self._on_failure(error)
                handled_count = 0
            except Exception as error:  # noqa: BLE001 - reading continues after any failure
                self._on_failure(error)
                _log.exception("%s: reading failed", self.name)
                handled_count = 0
            await self._wait(handled_count)

    async def read(self) -> int:
        """Handle all available events. Returns how many were handled or became dead letters."""
        cursor = await self._load_cursor()
        handled_count = 0
        while events := await self._outbox.read(cursor, self._batch_size):
            after = Cursor(cursor.source, events[-1].xid, events[-1].id)
            # Rows arrive by transaction id; consumers get them in the order of writing.
            ordered = sorted(events, key=lambda event: event.id)
            await self._handle_batch(ordered, CursorUpdate(self.name, cursor, after))
            cursor = after
            handled_count += len(events)
            self._handled += len(events)
            self._cursor = cursor
            if len(events) < self._batch_size:
                break
        if self._failing_since is not None or time.monotonic() - self._checked_at > CHECK_INTERVAL_S:
            await self._report_progress(cursor)
        return handled_count

    async def _report_progress(self, cursor: Cursor) -> None:
        """Measure the lag, and publish the cursor in the producer's database, which pruning depends on."""
        self._lag_s = await self._outbox.lag_s(cursor)
        if cursor != self._saved_cursor:
            await self._outbox.save_reader_cursor(self.name, cursor)
            self._saved_cursor = cursor
        self._checked_at = time.monotonic()

    async def replay(self, event: OutboxEvent) -> None:
        """Handle one event again without moving the cursor. Raises what the consumer raises."""
        await self._consumer.handle([event], None)

    async def _load_cursor(self) -> Cursor:
        """Return the cursor; at the start if there is none or the producer's database was restored."""
        if self._cursor is not None and time.monotonic() - self._checked_at <= CHECK_INTERVAL_S:
            return self._cursor
        cursor = await self._cursors.get(self.name)
        source = await self._outbox.source()
        start = Cursor(source.name)
        if cursor is None:
            await self._cursors.create(self.name, start)
            self._cursor = start
            return start
        if cursor.source == source.name and cursor.id <= source.last_id:
            self._cursor = cursor
            return cursor
        _log.warning("%s: reading from the start, because the producer's database was restored", self.name)
        await self._outbox.reassign_xids()
        await self._consumer.on_outbox_restored()
        await self._cursors.advance(CursorUpdate(self.name, cursor, start))
        self._cursor = start
        return start

    async def _handle_batch(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate) -> None:
        try:
            await self._consumer.handle(events, cursor_update)
        except (Unavailable, TimeoutError):
            raise
        except Conflict as conflict:
            if conflict.constraint == "cursor":
                raise
            await self._handle_one_by_one(events, cursor_update, conflict)
        except ApiError as api_error:
            if api_error.retry:
                raise
            await self._handle_one_by_one(events, cursor_update, api_error)
        except Exception as error:  # noqa: BLE001 - one of the events cannot be applied
            await self._handle_one_by_one(events, cursor_update, error)

    async def _handle_one_by_one(
        self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate, error: Exception
    ) -> None:
        """Isolate the event that cannot be applied. Only the last event of the batch advances the cursor."""
        if len(events) == 1:
            _log.error(
                "%s: event %d failed and became a dead letter", self.name, events[0].id, exc_info=error
            )
            self._dead_lettered += 1
            await self._cursors.add_dead_letter(self.name, events[0], type(error).__name__, cursor_update)
            return
        for event in events[:-1]:
            await self._handle_batch(
                [event], CursorUpdate(self.name, cursor_update.before, cursor_update.before)
            )
        await self._handle_batch(events[-1:], cursor_update)

    async def _wait(self, handled_count: int) -> None:
        if not self._is_reading:
            # Another instance reads. Trying the lock at every wake-up would cost more than reading.
            await asyncio.sleep(self._poll_s)
            return
        if handled_count and self._failing_since is None:
            # Collect events that are written close together into one batch.
            await asyncio.sleep(BATCH_DELAY_S)
        if self._wake_event.is_set() and self._failing_since is None:
            return
        delay_s = self._poll_s
        if self._recheck_count < len(RECHECK_DELAYS_S) and not handled_count:
            delay_s = RECHECK_DELAYS_S[self._recheck_count]
            self._recheck_count += 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._wake_event.wait()

    def _on_failure(self, error: Exception) -> None:
        self._cursor = None
        if self._failing_since is None:
            self._failing_since = time.monotonic()
            kind = type(error).__name__
            _log.log(failure_level(error), "%s: reading failed and will be retried: %s", self.name, kind)

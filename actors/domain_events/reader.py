"""One consumer's way through one feed, on whichever instance holds its lock.

    hint or poll -> lock -> read -> take, with the cursor -> read ...

An event that can not be taken is buried as a dead letter, alone, and the way goes on. What only fails for
now is tried again and holds everything behind it up. It never skips an event without a word.
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

_log = logging.getLogger(__name__)
RECHECK_DELAYS_S = (0.01, 0.05, 0.2)
"""After a hint: what it told of may not be readable until other transactions have ended."""
CHECK_INTERVAL_S = 5.0
BATCH_DELAY_S = 0.03


class ReaderStatistics(msgspec.Struct, frozen=True):
    """`reading` where this instance holds the lock; `lag_s` is the age of the oldest event not taken."""

    consumer: str
    is_reading: bool
    handled: int
    dead_lettered: int
    lag_s: float
    failing_s: float


class EventSource(msgspec.Struct, frozen=True):
    """What a reader reads from, and where its place is kept."""

    outbox: Outbox
    cursors: Cursors
    locks: Locks


class Reader:
    def __init__(self, consumer: Consumer, source: EventSource, poll_s: float, batch_size: int) -> None:
        self._consumer = consumer
        self._outbox = source.outbox
        self._cursors = source.cursors
        self._locks = source.locks
        self._poll_s = poll_s
        self._batch_size = batch_size
        self._wake_event = asyncio.Event()
        # Where this instance stands, as long as nothing has gone wrong: the cursor itself is the fence.
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
        """There may be something to read."""
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
                found = await self.read() if self._is_reading else 0
                self._failing_since = None
            except (Unavailable, TimeoutError, ApiError, Conflict) as error:
                self._on_failure(error)
                found = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, the way goes on
                self._on_failure(error)
                _log.exception("%s could not read", self.name)
                found = 0
            await self._wait(found)

    async def read(self) -> int:
        """Take all there is; answers how many events that was."""
        place = await self._load_cursor()
        found = 0
        while events := await self._outbox.read(place, self._batch_size):
            after = Cursor(place.source, events[-1].xid, events[-1].id)
            # In the order in which they were written, whichever transaction began first.
            in_order = sorted(events, key=lambda event: event.id)
            await self._handle_batch(in_order, CursorUpdate(self.name, place, after))
            place = after
            found += len(events)
            self._handled += len(events)
            self._cursor = place
            if len(events) < self._batch_size:
                break
        if self._failing_since is not None or time.monotonic() - self._checked_at > CHECK_INTERVAL_S:
            await self._update_lag(place)
        return found

    async def _update_lag(self, cursor: Cursor) -> None:
        """At intervals: how far behind, and for those who drop what all have read, up to where."""
        self._lag_s = await self._outbox.lag_s(cursor)
        if cursor != self._saved_cursor:
            await self._outbox.save_reader_cursor(self.name, cursor)
            self._saved_cursor = cursor
        self._checked_at = time.monotonic()

    async def replay(self, event: OutboxEvent) -> None:
        """Take one event again, beside the way; raises what the consumer raises."""
        await self._consumer.handle([event], None)

    async def _load_cursor(self) -> Cursor:
        """Where to go on; from the start, where there is no place or the feed is another one by now."""
        if self._cursor is not None and time.monotonic() - self._checked_at <= CHECK_INTERVAL_S:
            return self._cursor
        place = await self._cursors.get(self.name)
        source = await self._outbox.source()
        beginning = Cursor(source.name)
        if place is None:
            await self._cursors.create(self.name, beginning)
            self._cursor = beginning
            return beginning
        if place.source == source.name and place.id <= source.last_id:
            self._cursor = place
            return place
        _log.warning("%s reads its feed anew: its database was restored", self.name)
        await self._outbox.reassign_xids()
        await self._consumer.on_feed_reset()
        await self._cursors.advance(CursorUpdate(self.name, place, beginning))
        self._cursor = beginning
        return beginning

    async def _handle_batch(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate) -> None:
        try:
            await self._consumer.handle(events, cursor_update)
        except (Unavailable, TimeoutError):
            raise
        except Conflict as conflict:
            if conflict.constraint == "cursor":
                raise
            await self._handle_one_by_one(events, cursor_update, conflict)
        except ApiError as refusal:
            if refusal.retry:
                raise
            await self._handle_one_by_one(events, cursor_update, refusal)
        except Exception as error:  # noqa: BLE001 - the fault of one of the events
            await self._handle_one_by_one(events, cursor_update, error)

    async def _handle_one_by_one(
        self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate, error: Exception
    ) -> None:
        """Find the event that can not be taken: one by one, all without the cursor but the last."""
        if len(events) == 1:
            _log.error("%s could not take event %d", self.name, events[0].id, exc_info=error)
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
            # Another instance reads. To ask for its lock at every hint would cost more than the reading.
            await asyncio.sleep(self._poll_s)
            return
        if handled_count and self._failing_since is None:
            # What comes close together is taken together.
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
            _log.warning("%s waits: %s", self.name, type(error).__name__)

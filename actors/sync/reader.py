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

from actors.protocol.errors import ApiError
from actors.sync.consumer import Consumer
from storage.contracts.domain_events import Cursors, Locks, Outbox
from storage.errors import Conflict, Unavailable
from storage.records.domain_events import Cursor, CursorUpdate, OutboxEvent

_log = logging.getLogger(__name__)
LOOK_AGAIN_S = (0.01, 0.05, 0.2)
"""After a hint: what it told of may not be readable until other transactions have ended."""
CHECK_S = 5.0
GATHER_S = 0.03


class ReaderStatistics(msgspec.Struct, frozen=True):
    """`reading` where this instance holds the lock; `lag_s` is the age of the oldest event not taken."""

    consumer: str
    reading: bool
    taken: int
    buried: int
    lag_s: float
    failing_s: float


class Feed(msgspec.Struct, frozen=True):
    """What a reader reads from, and where its place is kept."""

    outbox: Outbox
    cursors: Cursors
    locks: Locks


class Reader:
    def __init__(self, consumer: Consumer, feed: Feed, poll_s: float, batch: int) -> None:
        self._consumer = consumer
        self._outbox = feed.outbox
        self._cursors = feed.cursors
        self._locks = feed.locks
        self._poll_s = poll_s
        self._batch = batch
        self._woken = asyncio.Event()
        # Where this instance stands, as long as nothing has gone wrong: the cursor itself is the fence.
        self._place: Cursor | None = None
        self._noted: Cursor | None = None
        self._looks = 0
        self._reading = False
        self._taken = 0
        self._buried = 0
        self._lag_s = 0.0
        self._checked_at = 0.0
        self._failing_since: float | None = None

    @property
    def name(self) -> str:
        return self._consumer.name

    @property
    def reading(self) -> bool:
        return self._reading

    def wake(self) -> None:
        """There may be something to read."""
        self._looks = 0
        self._woken.set()

    def statistics(self) -> ReaderStatistics:
        since = self._failing_since
        return ReaderStatistics(
            consumer=self.name,
            reading=self._reading,
            taken=self._taken,
            buried=self._buried,
            lag_s=self._lag_s if self._reading else 0.0,
            failing_s=0.0 if since is None else time.monotonic() - since,
        )

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            self._woken.clear()
            try:
                self._reading = await self._locks.try_acquire(self.name)
                if not self._reading:
                    self._place = None
                found = await self.read() if self._reading else 0
                self._failing_since = None
            except (Unavailable, TimeoutError, ApiError, Conflict) as error:
                self._fails(error)
                found = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, the way goes on
                self._fails(error)
                _log.exception("%s could not read", self.name)
                found = 0
            await self._rest(found)

    async def read(self) -> int:
        """Take all there is; answers how many events that was."""
        place = await self._begin()
        found = 0
        while events := await self._outbox.read(place, self._batch):
            after = Cursor(place.source, events[-1].xid, events[-1].id)
            # In the order in which they were written, whichever transaction began first.
            in_order = sorted(events, key=lambda event: event.id)
            await self._take(in_order, CursorUpdate(self.name, place, after))
            place = after
            found += len(events)
            self._taken += len(events)
            self._place = place
            if len(events) < self._batch:
                break
        if self._failing_since is not None or time.monotonic() - self._checked_at > CHECK_S:
            await self._check(place)
        return found

    async def _check(self, place: Cursor) -> None:
        """At intervals: how far behind, and for those who drop what all have read, up to where."""
        self._lag_s = await self._outbox.lag_s(place)
        if place != self._noted:
            await self._outbox.save_reader_cursor(self.name, place)
            self._noted = place
        self._checked_at = time.monotonic()

    async def replay(self, event: OutboxEvent) -> None:
        """Take one event again, beside the way; raises what the consumer raises."""
        await self._consumer.take([event], None)

    async def _begin(self) -> Cursor:
        """Where to go on; from the start, where there is no place or the feed is another one by now."""
        if self._place is not None and time.monotonic() - self._checked_at <= CHECK_S:
            return self._place
        place = await self._cursors.get(self.name)
        source = await self._outbox.source()
        beginning = Cursor(source.name)
        if place is None:
            await self._cursors.create(self.name, beginning)
            self._place = beginning
            return beginning
        if place.source == source.name and place.id <= source.last_id:
            self._place = place
            return place
        _log.warning("%s reads its feed anew: its database was restored", self.name)
        await self._outbox.reassign_xids()
        await self._consumer.anew()
        await self._cursors.advance(CursorUpdate(self.name, place, beginning))
        self._place = beginning
        return beginning

    async def _take(self, events: Sequence[OutboxEvent], step: CursorUpdate) -> None:
        try:
            await self._consumer.take(events, step)
        except (Unavailable, TimeoutError):
            raise
        except Conflict as conflict:
            if conflict.constraint == "cursor":
                raise
            await self._take_apart(events, step, conflict)
        except ApiError as refusal:
            if refusal.retry:
                raise
            await self._take_apart(events, step, refusal)
        except Exception as error:  # noqa: BLE001 - the fault of one of the events
            await self._take_apart(events, step, error)

    async def _take_apart(self, events: Sequence[OutboxEvent], step: CursorUpdate, error: Exception) -> None:
        """Find the event that can not be taken: one by one, all without the cursor but the last."""
        if len(events) == 1:
            _log.error("%s could not take event %d", self.name, events[0].id, exc_info=error)
            self._buried += 1
            await self._cursors.add_dead_letter(self.name, events[0], type(error).__name__, step)
            return
        for event in events[:-1]:
            await self._take([event], CursorUpdate(self.name, step.before, step.before))
        await self._take(events[-1:], step)

    async def _rest(self, found: int) -> None:
        if not self._reading:
            # Another instance reads. To ask for its lock at every hint would cost more than the reading.
            await asyncio.sleep(self._poll_s)
            return
        if found and self._failing_since is None:
            # What comes close together is taken together.
            await asyncio.sleep(GATHER_S)
        if self._woken.is_set() and self._failing_since is None:
            return
        delay_s = self._poll_s
        if self._looks < len(LOOK_AGAIN_S) and not found:
            delay_s = LOOK_AGAIN_S[self._looks]
            self._looks += 1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._woken.wait()

    def _fails(self, error: Exception) -> None:
        self._place = None
        if self._failing_since is None:
            self._failing_since = time.monotonic()
            _log.warning("%s waits: %s", self.name, type(error).__name__)

"""When rooms are flushed: at the end of the tick, or after a pause if large rooms are busy."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import cast

import pytest

from actors.delivery.flusher import LARGE_ROOM, PAUSE_MAX_S, PAUSE_MIN_S, Flusher


class FakeLoop:
    """An event loop that runs callbacks on demand and records the pauses. Its clock stands between them."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.soon: list[Callable[[], None]] = []
        self.later: list[Callable[[], None]] = []
        self.pauses_s: list[float] = []

    def call_soon(self, callback: Callable[[], None], *, context: Context) -> None:
        self.soon.append(callback)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.pauses_s.append(delay_s)
        self.later.append(callback)

    def run_tick(self) -> None:
        soon, self.soon = self.soon, []
        for callback in soon:
            callback()

    def end_pause(self) -> None:
        """Run the callbacks that wait for the end of the pause, then a tick."""
        later, self.later = self.later, []
        for callback in later:
            callback()
        self.run_tick()


class FakeRoom:
    """A room whose flush takes `flush_s` by the clock of `loop`."""

    def __init__(self, loop: FakeLoop, flush_s: float, size: int = LARGE_ROOM) -> None:
        self._loop = loop
        self.flush_s = flush_s
        self.size = size
        self.shares_write = True
        self.flush_count = 0

    def flush(self, *, alone: bool) -> bool:
        self._loop.now_s += self.flush_s
        self.flush_count += 1
        return self.shares_write and alone


class FakeSendQueue:
    def __init__(self) -> None:
        self.flush_count = 0

    def flush(self) -> None:
        self.flush_count += 1


@pytest.fixture
def loop() -> FakeLoop:
    return FakeLoop()


@pytest.fixture
def flusher(loop: FakeLoop) -> Flusher:
    return Flusher(cast("asyncio.AbstractEventLoop", loop), lambda: loop.now_s)


def test_busy_large_room_pauses_for_its_flush_time(loop: FakeLoop, flusher: Flusher) -> None:
    """Frames of a large room wait until the pause ends."""
    room = FakeRoom(loop, 2 * PAUSE_MIN_S)
    flusher.schedule_room(room)
    loop.run_tick()
    assert room.flush_count == 1
    assert loop.pauses_s == [room.flush_s]

    flusher.schedule_room(room)
    loop.run_tick()
    assert room.flush_count == 1

    loop.end_pause()
    assert room.flush_count == 2


def test_pause_is_bounded(loop: FakeLoop, flusher: Flusher) -> None:
    """A long flush causes a pause of `PAUSE_MAX_S`."""
    flusher.schedule_room(FakeRoom(loop, 2 * PAUSE_MAX_S))
    loop.run_tick()
    assert loop.pauses_s == [PAUSE_MAX_S]


def test_single_frames_to_a_large_room_are_not_delayed(loop: FakeLoop, flusher: Flusher) -> None:
    """A pause saves no write if no frames share one, so there is none."""
    room = FakeRoom(loop, 2 * PAUSE_MIN_S)
    room.shares_write = False
    for _ in range(3):
        flusher.schedule_room(room)
        loop.run_tick()
    assert room.flush_count == 3
    assert loop.pauses_s == []


def test_pausing_continues_after_one_unshared_flush(loop: FakeLoop, flusher: Flusher) -> None:
    """The first frame of a burst is flushed by itself, so a single unshared flush does not end pausing."""
    room = FakeRoom(loop, 2 * PAUSE_MIN_S)
    flusher.schedule_room(room)
    loop.run_tick()
    for pauses in (1, 2):
        room.shares_write = False
        flusher.schedule_room(room)
        loop.run_tick()
        assert len(loop.pauses_s) == pauses
        loop.end_pause()
    flusher.schedule_room(room)
    loop.run_tick()
    assert room.flush_count == 4
    assert len(loop.pauses_s) == 2


def test_fast_flush_is_not_followed_by_a_pause(loop: FakeLoop, flusher: Flusher) -> None:
    """Frequent flushes that take no time cause no pauses."""
    room = FakeRoom(loop, 0.0)
    for _ in range(20):
        flusher.schedule_room(room)
        loop.run_tick()
        loop.end_pause()
    assert room.flush_count == 20
    assert loop.pauses_s == []


def test_small_room_does_not_wait_for_large_rooms(loop: FakeLoop, flusher: Flusher) -> None:
    """A small room is flushed while large rooms pause."""
    room, small_room = FakeRoom(loop, 2 * PAUSE_MIN_S), FakeRoom(loop, 0.0, size=LARGE_ROOM - 1)
    flusher.schedule_room(room)
    loop.run_tick()
    flusher.schedule_room(room)
    flusher.schedule_room(small_room)
    loop.run_tick()
    assert (room.flush_count, small_room.flush_count) == (1, 1)

    loop.end_pause()
    assert (room.flush_count, small_room.flush_count) == (2, 1)


def test_idle_pause_ends_pausing(loop: FakeLoop, flusher: Flusher) -> None:
    """After a pause without frames the next flush causes no pause."""
    room = FakeRoom(loop, 2 * PAUSE_MIN_S)
    flusher.schedule_room(room)
    loop.run_tick()
    loop.end_pause()
    room.shares_write = False
    flusher.schedule_room(room)
    loop.run_tick()
    assert room.flush_count == 2
    assert len(loop.pauses_s) == 1


def test_pause_does_not_delay_send_queues(loop: FakeLoop, flusher: Flusher) -> None:
    """Send queues are flushed during a pause."""
    room, send_queue = FakeRoom(loop, 2 * PAUSE_MIN_S), FakeSendQueue()
    flusher.schedule_room(room)
    loop.run_tick()
    flusher.schedule_room(room)
    flusher.schedule_queue(send_queue)
    loop.run_tick()
    assert (room.flush_count, send_queue.flush_count) == (1, 1)

    loop.end_pause()
    assert (room.flush_count, send_queue.flush_count) == (2, 1)

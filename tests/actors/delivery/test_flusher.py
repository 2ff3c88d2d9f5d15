"""When rooms are told: at the end of the tick, or together after a pause where many speak to a crowd."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

import pytest

from actors.delivery.flusher import LARGE_ROOM, PAUSE_MAX_S, PAUSE_MIN_S, Flusher


class FakeLoop:
    """The loop, turned by hand; notes for how long rooms pause."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.later: list[Callable[[], None]] = []
        self.pauses_s: list[float] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.pauses_s.append(delay_s)
        self.later.append(callback)

    def run_tick(self) -> None:
        soon, self.soon = self.soon, []
        for callback in soon:
            callback()

    def end_pause(self) -> None:
        """The pause is over."""
        later, self.later = self.later, []
        for callback in later:
            callback()
        self.run_tick()


class FakeRoom:
    """A room whose telling takes so long."""

    def __init__(self, flush_s: float, size: int = LARGE_ROOM) -> None:
        self.flush_s = flush_s
        self.size = size
        self.shares_write = True
        self.flush_count = 0

    def flush(self, *, alone: bool) -> bool:
        time.sleep(self.flush_s)
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
    return Flusher(cast("asyncio.AbstractEventLoop", loop))


def test_busy_large_room_pauses_for_its_flush_time(loop: FakeLoop, flusher: Flusher) -> None:
    """What is said in the pause waits, and goes out at its end."""
    crowd = FakeRoom(2 * PAUSE_MIN_S)
    flusher.schedule_room(crowd)
    loop.run_tick()
    assert crowd.flush_count == 1
    assert loop.pauses_s[0] >= crowd.flush_s

    flusher.schedule_room(crowd)
    loop.run_tick()
    assert crowd.flush_count == 1

    loop.end_pause()
    assert crowd.flush_count == 2


def test_pause_is_bounded(loop: FakeLoop, flusher: Flusher) -> None:
    """However long the telling took."""
    flusher.schedule_room(FakeRoom(2 * PAUSE_MAX_S))
    loop.run_tick()
    assert loop.pauses_s == [PAUSE_MAX_S]


def test_single_frames_to_a_large_room_are_not_delayed(loop: FakeLoop, flusher: Flusher) -> None:
    """Where no frames share a write there is nothing to be won by a pause."""
    crowd = FakeRoom(2 * PAUSE_MIN_S)
    crowd.shares_write = False
    for _ in range(3):
        flusher.schedule_room(crowd)
        loop.run_tick()
    assert crowd.flush_count == 3
    assert loop.pauses_s == []


def test_pausing_continues_after_one_unshared_flush(loop: FakeLoop, flusher: Flusher) -> None:
    """The first of the next wave comes by itself: the rest of it still shares a write."""
    crowd = FakeRoom(2 * PAUSE_MIN_S)
    flusher.schedule_room(crowd)
    loop.run_tick()
    for pauses in (1, 2):
        crowd.shares_write = False
        flusher.schedule_room(crowd)
        loop.run_tick()
        assert len(loop.pauses_s) == pauses
        loop.end_pause()
    flusher.schedule_room(crowd)
    loop.run_tick()
    assert crowd.flush_count == 4
    assert len(loop.pauses_s) == 2


def test_fast_flush_is_not_followed_by_a_pause(loop: FakeLoop, flusher: Flusher) -> None:
    """However much was said."""
    crowd = FakeRoom(0.0)
    for _ in range(20):
        flusher.schedule_room(crowd)
        loop.run_tick()
        loop.end_pause()
    assert crowd.flush_count == 20
    # A single one may be made late by the machine.
    assert len(loop.pauses_s) < 5


def test_small_room_does_not_wait_for_large_rooms(loop: FakeLoop, flusher: Flusher) -> None:
    """Two people who talk do not hear of the crowd beside them."""
    crowd, pair = FakeRoom(2 * PAUSE_MIN_S), FakeRoom(0.0, size=LARGE_ROOM - 1)
    flusher.schedule_room(crowd)
    loop.run_tick()
    flusher.schedule_room(crowd)
    flusher.schedule_room(pair)
    loop.run_tick()
    assert (crowd.flush_count, pair.flush_count) == (1, 1)

    loop.end_pause()
    assert (crowd.flush_count, pair.flush_count) == (2, 1)


def test_idle_pause_ends_pausing(loop: FakeLoop, flusher: Flusher) -> None:
    """The next who speaks does so alone, however long ago the crowd was busy."""
    crowd = FakeRoom(2 * PAUSE_MIN_S)
    flusher.schedule_room(crowd)
    loop.run_tick()
    loop.end_pause()
    crowd.shares_write = False
    flusher.schedule_room(crowd)
    loop.run_tick()
    assert crowd.flush_count == 2
    assert len(loop.pauses_s) == 1


def test_pause_does_not_delay_send_queues(loop: FakeLoop, flusher: Flusher) -> None:
    """Answers, hints and what the connection itself says go out meanwhile."""
    crowd, letterbox = FakeRoom(2 * PAUSE_MIN_S), FakeSendQueue()
    flusher.schedule_room(crowd)
    loop.run_tick()
    flusher.schedule_room(crowd)
    flusher.schedule_queue(letterbox)
    loop.run_tick()
    assert (crowd.flush_count, letterbox.flush_count) == (1, 1)

    loop.end_pause()
    assert (crowd.flush_count, letterbox.flush_count) == (2, 1)

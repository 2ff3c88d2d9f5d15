"""When rooms are told: at the end of the tick, or together after a pause where many speak to a crowd."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

import pytest

from actors.delivery.flusher import CROWD, PAUSE_MAX_S, PAUSE_MIN_S, Flusher


class Turns:
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

    def turn(self) -> None:
        soon, self.soon = self.soon, []
        for callback in soon:
            callback()

    def wait(self) -> None:
        """The pause is over."""
        later, self.later = self.later, []
        for callback in later:
            callback()
        self.turn()


class Crowd:
    """A room whose telling takes so long."""

    def __init__(self, takes_s: float, size: int = CROWD) -> None:
        self.takes_s = takes_s
        self.size = size
        self.joined = True
        self.told = 0

    def flush(self, *, alone: bool) -> bool:
        time.sleep(self.takes_s)
        self.told += 1
        return self.joined and alone


class Letterbox:
    def __init__(self) -> None:
        self.flushed = 0

    def flush(self) -> None:
        self.flushed += 1


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def flusher(turns: Turns) -> Flusher:
    return Flusher(cast("asyncio.AbstractEventLoop", turns))


def test_a_crowd_in_which_many_speak_pauses_for_as_long_as_it_took(turns: Turns, flusher: Flusher) -> None:
    """What is said in the pause waits, and goes out at its end."""
    crowd = Crowd(2 * PAUSE_MIN_S)
    flusher.room(crowd)
    turns.turn()
    assert crowd.told == 1
    assert turns.pauses_s[0] >= crowd.takes_s

    flusher.room(crowd)
    turns.turn()
    assert crowd.told == 1

    turns.wait()
    assert crowd.told == 2


def test_no_pause_is_longer_than_its_bound(turns: Turns, flusher: Flusher) -> None:
    """However long the telling took."""
    flusher.room(Crowd(2 * PAUSE_MAX_S))
    turns.turn()
    assert turns.pauses_s == [PAUSE_MAX_S]


def test_who_speaks_alone_to_a_crowd_never_waits(turns: Turns, flusher: Flusher) -> None:
    """Where no frames share a write there is nothing to be won by a pause."""
    crowd = Crowd(2 * PAUSE_MIN_S)
    crowd.joined = False
    for _ in range(3):
        flusher.room(crowd)
        turns.turn()
    assert crowd.told == 3
    assert turns.pauses_s == []


def test_one_tick_without_sharing_does_not_end_it(turns: Turns, flusher: Flusher) -> None:
    """The first of the next wave comes by itself: the rest of it still shares a write."""
    crowd = Crowd(2 * PAUSE_MIN_S)
    flusher.room(crowd)
    turns.turn()
    for pauses in (1, 2):
        crowd.joined = False
        flusher.room(crowd)
        turns.turn()
        assert len(turns.pauses_s) == pauses
        turns.wait()
    flusher.room(crowd)
    turns.turn()
    assert crowd.told == 4
    assert len(turns.pauses_s) == 2


def test_what_takes_no_time_is_followed_by_no_pause(turns: Turns, flusher: Flusher) -> None:
    """However much was said."""
    crowd = Crowd(0.0)
    for _ in range(20):
        flusher.room(crowd)
        turns.turn()
        turns.wait()
    assert crowd.told == 20
    # A single one may be made late by the machine.
    assert len(turns.pauses_s) < 5


def test_few_wait_for_no_crowd(turns: Turns, flusher: Flusher) -> None:
    """Two people who talk do not hear of the crowd beside them."""
    crowd, pair = Crowd(2 * PAUSE_MIN_S), Crowd(0.0, size=CROWD - 1)
    flusher.room(crowd)
    turns.turn()
    flusher.room(crowd)
    flusher.room(pair)
    turns.turn()
    assert (crowd.told, pair.told) == (1, 1)

    turns.wait()
    assert (crowd.told, pair.told) == (2, 1)


def test_a_pause_in_which_nobody_spoke_is_the_last(turns: Turns, flusher: Flusher) -> None:
    """The next who speaks does so alone, however long ago the crowd was busy."""
    crowd = Crowd(2 * PAUSE_MIN_S)
    flusher.room(crowd)
    turns.turn()
    turns.wait()
    crowd.joined = False
    flusher.room(crowd)
    turns.turn()
    assert crowd.told == 2
    assert len(turns.pauses_s) == 1


def test_a_pause_holds_rooms_and_nothing_else(turns: Turns, flusher: Flusher) -> None:
    """Answers, hints and what the connection itself says go out meanwhile."""
    crowd, letterbox = Crowd(2 * PAUSE_MIN_S), Letterbox()
    flusher.room(crowd)
    turns.turn()
    flusher.room(crowd)
    flusher.outbox(letterbox)
    turns.turn()
    assert (crowd.told, letterbox.flushed) == (1, 1)

    turns.wait()
    assert (crowd.told, letterbox.flushed) == (2, 1)

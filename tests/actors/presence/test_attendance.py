"""How the sessions of a user become one presence."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.presence.attendance import Attendance
from actors.runtime.wheel import Wheel
from tests.actors.presence.boards import RecordingBoard, RecordingSeen
from tests.until import until

ANA, BEN = "ana", "ben"
GRACE_S = 0.1


class House:
    def __init__(self) -> None:
        self.board = RecordingBoard()
        self.seen = RecordingSeen()
        self.wheel = Wheel(asyncio.get_running_loop(), 0.01)
        self.attendance = Attendance(self.board, self.seen, self.wheel, "here", GRACE_S)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    await house.attendance.close()
    house.wheel.close()


async def test_who_comes_is_online_before_being_told_so(house: House) -> None:
    """`said` returns when the board knows; those of one moment go together."""
    house.attendance.come(ANA)
    house.attendance.come(BEN)
    await house.attendance.said(ANA)

    assert house.board.said == [{ANA: "online", BEN: "online"}]


async def test_three_devices_are_one_presence(house: House) -> None:
    """A user is away only when all devices are, and one that comes back brings the user back."""
    phone, laptop, tablet = object(), object(), object()
    for _ in (phone, laptop, tablet):
        house.attendance.come(ANA)
    house.attendance.set(ANA, phone, away=True)
    house.attendance.set(ANA, laptop, away=True)
    assert house.attendance.state(ANA) == "online"

    house.attendance.set(ANA, tablet, away=True)
    assert house.attendance.state(ANA) == "away"

    house.attendance.set(ANA, phone, away=False)
    assert house.attendance.state(ANA) == "online"

    house.attendance.go(ANA, phone)
    assert house.attendance.state(ANA) == "online"
    await until(lambda: house.attendance.state(ANA) == "away")


async def test_a_reconnect_within_the_grace_is_not_seen(house: House) -> None:
    """Between the last socket and the next nothing is said."""
    house.attendance.come(ANA)
    await house.attendance.said(ANA)
    house.attendance.go(ANA, object())
    house.attendance.come(ANA)
    house.attendance.come(BEN)
    await house.attendance.said(BEN)
    await until(lambda: not len(house.wheel))

    assert house.board.said == [{ANA: "online"}, {BEN: "online"}]


async def test_who_stays_away_is_offline_after_the_grace(house: House) -> None:
    """The last word is that nobody is here, and the moment of it is kept."""
    house.attendance.come(ANA)
    await house.attendance.said(ANA)
    house.attendance.go(ANA, object())

    await until(lambda: house.board.said[-1] == {ANA: None})
    assert house.attendance.state(ANA) is None
    await until(lambda: ANA in house.seen.noted and house.seen.noted[ANA].status == "offline")


async def test_what_the_board_did_not_take_is_said_when_it_is_back(house: House) -> None:
    """While the board is away nobody waits for it; what is so by then is said."""
    house.board.away = True
    house.attendance.come(ANA)
    await house.attendance.said(ANA)
    house.attendance.set(ANA, "phone", away=True)
    house.board.away = False

    await until(lambda: house.board.states == {ANA: "away"})


async def test_everything_is_said_anew_after_a_loss(house: House) -> None:
    """A board that lost everything hears of everybody again."""
    house.attendance.come(ANA)
    house.attendance.come(BEN)
    await house.attendance.said(BEN)
    house.board.states.clear()

    house.attendance.say_all()

    await until(lambda: house.board.states == {ANA: "online", BEN: "online"})

"""Who is told of whom: only those who watch, only what is news."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from actors.presence import watching
from actors.presence.watching import Watching
from actors.runtime.wheel import Wheel
from actors.wire.presence import PresenceChanged
from storage.memory.bus import MemoryBroker, MemoryBus
from tests.actors.presence.boards import RecordingBoard, RecordingSeen
from tests.until import until

ANA, BEN, CYD = "ana", "ben", "cyd"


class Eye:
    """A `Watcher`."""

    def __init__(self, user_id: str = "eve") -> None:
        self.user_id = user_id
        self.saw: list[dict[str, str]] = []
        self.frames: list[bytes] = []

    def push_hint(self, ready: bytes) -> None:
        self.frames.append(ready)
        frame = msgspec.json.decode(ready, type=PresenceChanged)
        self.saw.append({one.user_id: one.status for one in frame.presences})


class House:
    def __init__(self) -> None:
        self.board = RecordingBoard()
        self.seen = RecordingSeen()
        self.wheel = Wheel(asyncio.get_running_loop(), 0.01)
        self.bus = MemoryBus(MemoryBroker())
        self.watching = Watching(self.board, self.seen, self.bus, self.wheel, "here", bytes)


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(watching, "COALESCE_S", 0.02)
    monkeypatch.setattr(watching, "BEAT_S", 0.02)
    house = House()
    yield house
    await house.watching.close()
    house.wheel.close()


async def test_a_watcher_sees_how_people_are_and_then_what_is_news(house: House) -> None:
    """Changes within a moment come as one frame; what is the same is not told."""
    house.board.states[ANA] = "online"
    eye = Eye()
    found = await house.watching.watch(eye, [ANA, BEN, CYD])
    assert [one.status for one in found] == ["online", "offline", "offline"]

    house.board.states.update({BEN: "away", CYD: "online"})
    for one in (ANA, BEN, CYD):
        house.watching.heard(one)

    await until(lambda: eye.saw)
    assert eye.saw == [{BEN: "away", CYD: "online"}]


async def test_a_frame_for_many_is_made_once(house: House) -> None:
    """However many watch the same people; who watches others as well gets a frame of their own."""
    eyes, other = [Eye() for _ in range(5)], Eye()
    for eye in eyes:
        await house.watching.watch(eye, [ANA])
    await house.watching.watch(other, [ANA, BEN])
    house.board.states.update({ANA: "online", BEN: "online"})
    for one in (ANA, BEN):
        house.watching.heard(one)

    await until(lambda: other.saw and all(eye.saw for eye in eyes))
    assert len({id(eye.frames[0]) for eye in eyes}) == 1
    assert [eye.saw for eye in eyes] == [[{ANA: "online"}]] * 5
    assert other.saw == [{ANA: "online", BEN: "online"}]


async def test_a_list_replaces_the_one_before(house: House) -> None:
    """Of whom is no longer watched nothing is told, and nobody listens for them any more."""
    eye = Eye()
    await house.watching.watch(eye, [ANA])
    await house.watching.watch(eye, [BEN])
    house.board.states.update({ANA: "online", BEN: "online"})
    house.watching.heard(ANA)
    house.watching.heard(BEN)

    await until(lambda: eye.saw)
    assert eye.saw == [{BEN: "online"}]
    assert house.bus.statistics().topics == 1


async def test_a_block_ends_watching_both_ways(house: House) -> None:
    """From a block on neither is told of the other; what else they watch stays."""
    ana, ben, cyd = Eye(ANA), Eye(BEN), Eye(CYD)
    await house.watching.watch(ana, [BEN, CYD])
    await house.watching.watch(ben, [ANA])
    await house.watching.watch(cyd, [ANA, BEN])

    house.watching.part(ANA, BEN)
    house.board.states.update({ANA: "online", BEN: "online", CYD: "online"})
    for one in (ANA, BEN, CYD):
        house.watching.heard(one)

    await until(lambda: ana.saw and cyd.saw)
    assert ana.saw == [{CYD: "online"}]
    assert cyd.saw == [{ANA: "online", BEN: "online"}]
    assert ben.saw == []
    house.watching.unwatch(ana)


async def test_who_goes_is_told_nothing(house: House) -> None:
    """A watcher that is gone leaves nothing behind."""
    eye, other = Eye(), Eye()
    await house.watching.watch(eye, [ANA])
    await house.watching.watch(other, [ANA])
    house.watching.unwatch(eye)
    house.board.states[ANA] = "online"
    house.watching.heard(ANA)

    await until(lambda: other.saw)
    assert eye.saw == []
    house.watching.unwatch(other)
    assert house.bus.statistics().topics == 0


async def test_the_death_of_an_instance_is_told_once(house: House) -> None:
    """When a lease is missed, all who are watched are looked at, and the dead one's people are noted."""
    house.board.living = ["here", "there"]
    house.board.states.update({ANA: "online", BEN: "online"})
    eye = Eye()
    await house.watching.watch(eye, [ANA, BEN])
    house.watching.start()
    await until(lambda: house.watching.living == {"here", "there"})
    house.board.left = [ANA]
    del house.board.states[ANA]

    house.board.living = ["here"]

    await until(lambda: eye.saw)
    await until(lambda: ANA in house.seen.noted)
    assert eye.saw == [{ANA: "offline"}]
    assert house.seen.noted[ANA].status == "offline"


async def test_a_board_that_was_away_is_told_everything_again(house: House) -> None:
    """After a lapse the own people are said anew, and those who are watched are looked at."""
    lapses: list[None] = []
    house.watching.on_lapse = lambda: lapses.append(None)
    eye = Eye()
    await house.watching.watch(eye, [ANA])
    house.watching.start()
    await until(lambda: house.watching.living)
    house.board.away = True
    await until(lambda: house.watching.missed)
    house.board.states[ANA] = "online"
    house.board.away = False

    await until(lambda: eye.saw)
    assert eye.saw == [{ANA: "online"}]
    assert lapses == [None]

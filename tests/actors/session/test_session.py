"""A session and its user's stream: ready first, positions dense, losses told, rooms right."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from actors.conversation.letters import Add, Remove
from actors.core import Core
from actors.wire.objects import ConversationType
from tests.actors.phone import Phone, identity
from tests.actors.town import ANA, BEN, CYD, Town, card, send, stored
from tests.until import until


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.close()


Online = Callable[[Core, str], Any]


@pytest.fixture
async def online() -> AsyncIterator[Online]:
    """Brings a user online on an instance, and waits for `ready`."""
    phones: list[Phone] = []

    async def bring(core: Core, user_id: str) -> Phone:
        phone = Phone(core)
        phones.append(phone)
        phone.cell.hand(identity(user_id))
        await until(lambda: phone.told("ready"))
        return phone

    yield bring
    for phone in phones:
        phone.session.gone()


async def test_ready_comes_before_everything_else(town: Town, online: Online) -> None:
    """Frames of rooms that were entered on the way wait behind `ready`."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    phone = Phone(core)
    phone.cell.hand(identity(BEN))
    sends = [send(core, room, ANA, f"m{number}") for number in range(20)]
    for one in sends:
        await stored(one)
    await until(lambda: phone.told("ready"))
    await stored(send(core, room, ANA, "last"))
    await until(lambda: phone.told("message.created"))

    assert phone.frames[0]["type"] == "ready"
    seqs = [frame["seq"] for frame in phone.told("message.created")]
    assert seqs == list(range(seqs[0], 22))
    phone.session.gone()


async def test_a_new_conversation_is_announced_before_its_frames(town: Town, online: Online) -> None:
    """On every instance `conversation.joined` is first, and nothing after its last_seq is missed."""
    here, there = await town.instance(), await town.instance()
    phones = [await online(here, ANA), await online(there, BEN)]
    room = await town.room(here, ANA, BEN)
    for number in range(5):
        await stored(send(here, room, ANA, f"m{number}"))
    for phone in phones:
        await until(lambda phone=phone: told_up_to(phone, 5))  # type: ignore[misc]
        kinds = [frame["type"] for frame in phone.frames]
        assert kinds.index("conversation.joined") < kinds.index("message.created")


def told_up_to(phone: Phone, seq: int) -> bool:
    """Every seq from 1 on was told, as a frame or as part of a range to fetch."""
    seqs = {frame["seq"] for frame in phone.told("message.created")}
    for lagged in phone.told("lagged"):
        seqs |= set(range(lagged["from_seq"], lagged["to_seq"] + 1))
    return seqs >= set(range(1, seq + 1))


async def test_one_who_is_removed_hears_nothing_more(town: Town, online: Online) -> None:
    """`conversation.left` is the last frame of it, on every instance, though the bus lost everything."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    phone = await online(there, BEN)
    await here.conversations.amend(room, Remove(card(ANA), card(BEN)))
    await until(lambda: phone.told("conversation.left"))
    await stored(send(here, room, ANA, "behind his back"))
    await stored(send(there, room, ANA, "and again"))

    assert phone.told("message.created") == []
    assert phone.frames[-1]["type"] == "conversation.left"


async def test_lost_stream_frames_are_read_from_the_stream(town: Town, online: Online) -> None:
    """A gap in positions is filled, in order."""
    here, there = await town.instance(), await town.instance()
    phone = await online(there, BEN)
    town.broker.drop = lambda topic, _frame: topic.startswith("u:")
    await town.room(here, ANA, BEN)
    await town.room(here, CYD, BEN)
    town.broker.drop = lambda _topic, _frame: False
    await town.room(here, ANA, BEN)
    await until(lambda: len(phone.told("conversation.joined")) == 3)

    assert [frame["position"] for frame in phone.told("conversation.joined")] == [1, 2, 3]


async def test_a_new_epoch_is_told_as_resync(town: Town, online: Online) -> None:
    """After the streams were lost the client learns the new epoch and reads its state anew."""
    core = await town.instance()
    phone = await online(core, BEN)
    town.broker.disconnect()
    town.streams.lose()
    town.broker.reconnect()
    await until(lambda: phone.told("resync"))

    resync = phone.told("resync")[0]
    assert resync["reason"] == "epoch"
    assert resync["epoch"] != phone.told("ready")[0]["epoch"]


async def test_who_joined_while_the_broker_was_away_hears_the_room(town: Town, online: Online) -> None:
    """Losing the broker stops nobody on the same instance."""
    core = await town.instance()
    phone = await online(core, BEN)
    town.broker.disconnect()
    room = await town.room(core, ANA, BEN)
    await until(lambda: phone.told("resync"))
    await stored(send(core, room, ANA, "hello"))
    await until(lambda: phone.told("message.created") or phone.told("lagged"))


async def test_a_revoked_session_is_closed_on_every_instance(town: Town, online: Online) -> None:
    """The instance that ended it tells the others."""
    here, there = await town.instance(), await town.instance()
    phones = [await online(here, BEN), await online(there, BEN), await online(there, ANA)]
    here.revoked([f"session of {BEN}"])
    await until(lambda: phones[1].code)

    assert [phone.code for phone in phones] == [4503, 4503, 0]


async def test_read_marks_reach_ones_other_devices(town: Town, online: Online) -> None:
    """Marked on one instance, told on the other; the other members get a hint."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    await stored(send(here, room, ANA, "hello"))
    mine, my_tablet, hers = await online(here, BEN), await online(there, BEN), await online(there, ANA)
    mine.say(type="conversation.read", id=1, conversation_id=room, seq=1)
    await until(lambda: my_tablet.told("conversation.marked") and hers.told("conversation.read"))
    await until(lambda: mine.told("ok"))

    assert mine.told("ok")[0]["result"] == {"read_seq": 1, "unread_count": 0}
    assert my_tablet.told("conversation.marked")[0]["read_seq"] == 1
    assert my_tablet.told("conversation.read") == []


async def test_the_last_device_leaving_frees_everything(town: Town, online: Online) -> None:
    """No room, no topic and no person is kept for nobody."""
    core = await town.instance()
    await town.room(core, ANA, BEN)
    one, other = await online(core, BEN), await online(core, BEN)
    assert (core.directory.statistics().people, core.rooms.statistics().rooms) == (1, 1)
    one.session.gone()
    other.session.gone()

    assert (core.directory.statistics().people, core.rooms.statistics().rooms) == (0, 0)
    assert core.rooms._bus.statistics().topics <= 3


async def test_adding_somebody_online_lets_them_in(town: Town, online: Online) -> None:
    """The one who is added hears what follows, wherever they are."""
    here, there = await town.instance(), await town.instance()
    made = await here.conversations.create(card(ANA), ConversationType.GROUP, [BEN], "town", None)
    room = made.conversation.id
    phone = await online(there, CYD)
    await here.conversations.amend(room, Add(card(ANA), card(CYD)))
    await until(lambda: phone.told("conversation.joined"))
    await stored(send(here, room, ANA, "welcome"))
    await until(lambda: told_after(phone, 2))


def told_after(phone: Phone, seq: int) -> bool:
    seqs = {frame["seq"] for frame in phone.frames if "seq" in frame}
    return seq in seqs or any(lagged["to_seq"] >= seq for lagged in phone.told("lagged"))


async def test_a_session_that_closes_while_it_enters_leaves_nothing(town: Town) -> None:
    """A socket that is gone before `ready` is in no room and on no list."""
    core = await town.instance()
    await town.room(core, ANA, BEN)
    phone = Phone(core)
    phone.cell.hand(identity(BEN))
    phone.close(1006, "gone")
    await until(lambda: phone.cell.idle)
    await asyncio.sleep(0)

    assert core.directory.statistics().people == 0
    assert core.rooms.statistics().listeners == 0

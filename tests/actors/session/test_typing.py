"""Who is typing: told to the others, ended by the server, never stored."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.core import Core
from actors.session import typing_board
from tests.actors.phone import Phone, identity
from tests.actors.town import ANA, BEN, CYD, Town
from tests.until import until


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.close()


async def bring(core: Core, user_id: str) -> Phone:
    phone = Phone(core)
    phone.cell.hand(identity(user_id))
    await until(lambda: phone.told("ready"))
    return phone


def words(phone: Phone) -> list[tuple[str, bool]]:
    return [(frame["user_id"], frame["active"]) for frame in phone.told("typing")]


async def test_others_are_told_on_every_instance_and_oneself_is_not(town: Town) -> None:
    """A word of typing reaches the members elsewhere; stopping is told too."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    ana, other_ana, ben = await bring(here, ANA), await bring(there, ANA), await bring(there, BEN)

    ana.say(type="typing", id=1, conversation_id=room, active=True)
    await until(lambda: ana.told("ok"))
    ana.say(type="typing", id=2, conversation_id=room, active=False)

    await until(lambda: len(words(ben)) == 2)
    assert words(ben) == [(ANA, True), (ANA, False)]
    assert words(ana) == words(other_ana) == []
    for phone in (ana, other_ana, ben):
        phone.session.gone()


async def test_typing_ends_by_itself_and_with_the_socket(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says nothing more has stopped; so has whoever is gone."""
    monkeypatch.setattr(typing_board, "TYPING_S", 0.1)
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    ana, ben = await bring(core, ANA), await bring(core, BEN)
    ana.say(type="typing", id=1, conversation_id=room, active=True)
    await until(lambda: words(ben) == [(ANA, True), (ANA, False)])

    monkeypatch.setattr(typing_board, "TYPING_S", 60.0)
    ana.say(type="typing", id=2, conversation_id=room, active=True)
    await until(lambda: len(words(ben)) == 3)
    ana.session.gone()

    await until(lambda: len(words(ben)) == 4)
    assert words(ben)[2:] == [(ANA, True), (ANA, False)]
    ben.session.gone()


async def test_typing_on_is_not_told_again_at_once(town: Town) -> None:
    """Many words within a moment are one to the others, and each is answered."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    ana, ben = await bring(core, ANA), await bring(core, BEN)
    ana.say(type="typing", id=0, conversation_id=room, active=True)
    await until(lambda: ana.told("ok"))
    for number in range(1, 10):
        ana.say(type="typing", id=number, conversation_id=room, active=True)

    await until(lambda: len(ana.told("ok")) == 10)
    assert words(ben) == [(ANA, True)]
    ana.session.gone()
    ben.session.gone()


async def test_who_is_not_in_a_conversation_types_nowhere(town: Town) -> None:
    """A stranger is told that there is no such conversation, and nobody hears of it."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    ben, cyd = await bring(core, BEN), await bring(core, CYD)

    cyd.say(type="typing", id=1, conversation_id=room, active=True)

    await until(lambda: cyd.told("error"))
    assert cyd.told("error")[0]["code"] == "conversation.not_found"
    assert words(ben) == []
    ben.session.gone()
    cyd.session.gone()


async def test_large_groups_hear_nothing_of_typing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above so many members the word is taken and goes nowhere."""
    monkeypatch.setattr(typing_board, "TYPING_MEMBERS", 1)
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    ana, ben = await bring(core, ANA), await bring(core, BEN)

    ana.say(type="typing", id=1, conversation_id=room, active=True)

    await until(lambda: ana.told("ok"))
    await asyncio.sleep(0)
    assert words(ben) == []
    ana.session.gone()
    ben.session.gone()

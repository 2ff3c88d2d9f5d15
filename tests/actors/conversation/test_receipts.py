"""Read marks as others see them: the latest of a moment, forward only."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.actors.town import ANA, BEN, Ear, Town, send, stored
from tests.until import until


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.close()


def receipts(ear: Ear) -> list[int]:
    frames = [msgspec.json.decode(frame) for frame in ear.heard]
    return [frame["seq"] for frame in frames if frame["type"] == "conversation.read"]


async def test_marks_of_a_moment_are_told_as_the_latest(town: Town) -> None:
    """Whoever scrolls through ten messages is one receipt to the others, on every instance."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    ana, far = await town.ear(here, room, ANA), await town.ear(there, room, ANA)
    for number in range(10):
        await stored(send(here, room, ANA, f"m{number}"))
    for seq in (2, 5, 10):
        await here.conversations.read(BEN, room, seq)

    await until(lambda: receipts(ana) and receipts(far))
    assert receipts(ana) == receipts(far) == [10]


async def test_what_is_due_is_told_at_the_end(town: Town) -> None:
    """A server that stops leaves no receipt untold to those who stay."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    far = await town.ear(there, room, ANA)
    await stored(send(here, room, ANA, "hello"))
    await here.conversations.read(BEN, room, 1)

    await here.reading.close()

    await until(lambda: receipts(far))
    assert receipts(far) == [1]

"""Resume: exactly what was missed, on any instance, or a plain word that it is gone."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from actors.conversation.letters import Add, Edit, Remove
from actors.core import Core
from actors.session.session import Session
from config.limits import RESUME_ENTRIES
from tests.actors.phone import Phone, identity
from tests.actors.town import ANA, BEN, CYD, Town, card, send, stored
from tests.until import until


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    yield town
    await town.close()


async def online(core: Core, user_id: str) -> Phone:
    phone = Phone(core)
    phone.cell.hand(identity(user_id))
    await until(lambda: phone.told("ready"))
    return phone


async def resume(
    core: Core, user_id: str, place: dict[str, Any], conversations: dict[str, int], **forged: Any
) -> Phone:
    """Come back as the client of `user_id` that was at `place` and knew conversations up to those seqs."""
    phone = Phone(core)
    asked = {
        "session_id": place["session_id"],
        "epoch": place["epoch"],
        "position": place["position"],
        "conversations": conversations,
    } | forged
    # What the authenticator would answer for the token is known here.
    authenticate = msgspec.json.encode({"type": "authenticate", "id": 1, "token": "t", "resume": asked})
    phone.session = KnownSession(phone, core, user_id)
    phone.cell.actor = phone.session
    phone.cell.hand(authenticate)
    await until(lambda: phone.told("resumed") or phone.told("resync"))
    return phone


class KnownSession(Session):
    """A session whose token is already known to be good."""

    def __init__(self, phone: Phone, core: Core, user_id: str) -> None:
        super().__init__(phone, core.hall)
        self._known = identity(user_id)

    async def _authenticate(self, command: Any, token: str) -> None:
        await self._enter(command, self._known)


def seqs(phone: Phone) -> list[int]:
    return [frame["seq"] for frame in phone.frames if "seq" in frame]


async def test_what_was_missed_comes_in_order_between_ready_and_resumed(town: Town) -> None:
    """Thirty changes while away, then the other instance: all of them, once, and then what is live."""
    here, there = await town.instance(), await town.instance()
    room = await town.room(here, ANA, BEN)
    phone = await online(here, BEN)
    await stored(send(here, room, ANA, "seen"))
    await until(lambda: phone.told("message.created"))
    place = phone.told("ready")[0]
    phone.session.gone()
    for number in range(30):
        await stored(send(here, room, ANA, f"m{number}"))
    again = await resume(there, BEN, place, {room: 1})
    await stored(send(here, room, ANA, "live"))
    await until(lambda: 32 in seqs(again))

    kinds = [frame["type"] for frame in again.frames]
    assert kinds[0] == "ready"
    assert kinds.index("resumed") == 31
    assert seqs(again) == list(range(2, 33))
    assert again.told("resumed")[0] == {"type": "resumed", "replayed": 30, "last_seqs": {room: 31}}
    again.session.gone()


async def test_a_replay_is_compacted(town: Town) -> None:
    """A message that was edited thrice is told once, as it is now."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    phone = await online(core, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    found = await send(core, room, ANA, "a")
    assert found is not None
    for content in ("b", "c", "d"):
        await core.conversations.revise(ANA, room, Edit(found[0].id, content))
    again = await resume(core, BEN, place, {room: 0})

    assert [frame["message"]["content"] for frame in again.told("message.updated")] == ["d"]
    assert again.told("message.created") == []
    assert again.told("resumed")[0]["last_seqs"] == {room: 4}
    again.session.gone()


async def test_nothing_missed_is_resumed_at_once_and_twice_in_a_row(town: Town) -> None:
    """Resume before the first event, and again right after it."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    phone = await online(core, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    for _ in range(2):
        again = await resume(core, BEN, place, {room: 0})
        assert [frame["type"] for frame in again.frames] == ["ready", "resumed"]
        place = again.told("ready")[0]
        again.session.gone()


async def test_who_joined_and_left_while_away_is_told(town: Town) -> None:
    """A new conversation comes with `joined` and what was said in it; a lost one with `left`, and no more."""
    here, there = await town.instance(), await town.instance()
    old = await town.room(here, ANA, BEN)
    phone = await online(here, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    new = await town.room(here, ANA, CYD)
    await here.conversations.amend(new, Add(card(ANA), card(BEN)))
    await stored(send(here, new, ANA, "welcome"))
    await here.conversations.amend(old, Remove(card(ANA), card(BEN)))
    await stored(send(here, old, ANA, "behind his back"))
    again = await resume(there, BEN, place, {old: 0})

    assert [frame["conversation"]["id"] for frame in again.told("conversation.joined")] == [new]
    assert [frame["conversation_id"] for frame in again.told("conversation.left")] == [old]
    assert {frame["conversation_id"] for frame in again.frames if "seq" in frame} == {new}
    assert again.told("resumed")[0]["last_seqs"] == {new: 2}
    again.session.gone()


async def test_a_conversation_one_was_never_in_is_answered_by_left(town: Town) -> None:
    """Whatever a client claims to know, it gets nothing of what is not its own."""
    core = await town.instance()
    foreign = await town.room(core, ANA, CYD)
    await stored(send(core, foreign, ANA, "secret"))
    phone = await online(core, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    again = await resume(core, BEN, place, {foreign: 0, "nonsense": 3})

    assert {frame["conversation_id"] for frame in again.told("conversation.left")} == {foreign, "nonsense"}
    assert seqs(again) == []
    again.session.gone()


@pytest.mark.parametrize(
    ("forged", "reason"), [({"epoch": "another"}, "epoch"), ({"position": 10_000}, "epoch")]
)
async def test_a_place_that_is_not_of_this_stream_is_told(
    town: Town, forged: dict[str, object], reason: str
) -> None:
    """Another epoch, or a position above the head: read the state, go on from the place given."""
    core = await town.instance()
    phone = await online(core, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    again = await resume(core, BEN, place, {}, **forged)

    resync = again.told("resync")[0]
    assert (resync["reason"], resync["epoch"], resync["position"]) == (
        reason,
        place["epoch"],
        place["position"],
    )
    assert again.told("resumed") == []
    again.session.gone()


async def test_after_the_streams_were_lost_it_is_resync(town: Town) -> None:
    """A wiped broker is another epoch."""
    core = await town.instance()
    phone = await online(core, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    town.streams.lose()
    again = await resume(core, BEN, place, {})

    assert again.told("resync")[0]["reason"] == "epoch"
    again.session.gone()


async def test_too_much_of_one_conversation_is_named_as_a_range(town: Town) -> None:
    """The cost of a resume is bounded: what does not fit is told as `lagged`."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    phone = await online(core, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    count = RESUME_ENTRIES + 1
    for future in [send(core, room, ANA, f"m{number}") for number in range(count)]:
        await stored(future)
    again = await resume(core, BEN, place, {room: 0})

    lagged = again.told("lagged")[0]
    assert (lagged["from_seq"], lagged["to_seq"]) == (1, count)
    assert seqs(again) == []
    assert again.told("resumed")[0]["last_seqs"] == {room: count}
    again.session.gone()


async def test_a_seq_above_the_head_is_taken_as_the_head(town: Town) -> None:
    """A client that claims more than there is gets no error, and no gap later."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    phone = await online(core, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    again = await resume(core, BEN, place, {room: 99})
    await stored(send(core, room, ANA, "first"))
    await until(lambda: seqs(again) == [1])

    assert again.told("resumed")[0]["last_seqs"] == {room: 0}
    again.session.gone()


async def test_read_marks_of_other_devices_are_caught_up(town: Town) -> None:
    """The stream's own frames come first, in their order."""
    core = await town.instance()
    room = await town.room(core, ANA, BEN)
    phone = await online(core, BEN)
    place = phone.told("ready")[0]
    phone.session.gone()
    await stored(send(core, room, ANA, "hello"))
    await core.conversations.read(BEN, room, 1)
    again = await resume(core, BEN, place, {room: 0})

    kinds = [frame["type"] for frame in again.frames]
    assert kinds == ["ready", "conversation.marked", "message.created", "resumed"]
    assert again.told("conversation.marked")[0]["position"] == place["position"] + 1
    again.session.gone()

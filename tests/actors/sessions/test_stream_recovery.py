"""Resumption: replays exactly what was missed, on any instance, or answers `resync`."""

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest

from actors.conversations.commands import AddMember, RemoveMember
from actors.conversations.message_changes import Edit
from actors.core import Core
from actors.sessions.session import Session
from config.limits import RESUME_REPLAY_ENTRIES
from storage.contracts.message_log import Entry
from storage.contracts.users import Identity
from storage.errors import Unavailable
from tests.actors.fake_client import FakeClient, identity
from tests.actors.fake_cluster import ANA, BEN, CYD, FakeCluster, card, send, stored_seq
from tests.actors.sessions.connected_client import connect
from tests.until import until


async def resume(
    core: Core, user_id: str, ready: dict[str, Any], conversations: dict[str, int], **forged: Any
) -> FakeClient:
    """Reconnect as `user_id`, at the position of `ready` and with these seqs known."""
    client = FakeClient(core)
    resume_request = {
        "session_id": ready["session_id"],
        "epoch": ready["epoch"],
        "position": ready["position"],
        "conversations": conversations,
    } | forged
    authenticate = msgspec.json.encode(
        {"type": "authenticate", "id": 1, "token": "t", "resume": resume_request}
    )
    services = dataclasses.replace(
        core.session_dependencies, authenticator=cast("Any", FakeAuthenticator(user_id))
    )
    client.session = Session(client, services)
    client.ref.actor = client.session
    client.ref.deliver_inline(authenticate)
    await until(lambda: client.received("resumed") or client.received("resync"))
    return client


class FakeAuthenticator:
    """Accepts any token as that of one user."""

    def __init__(self, user_id: str) -> None:
        self._identity = identity(user_id)

    async def authenticate_connect(self, token: str) -> Identity:
        return self._identity


def seqs(client: FakeClient) -> list[int]:
    return [frame["seq"] for frame in client.frames if "seq" in frame]


async def test_missed_events_are_replayed_in_order_before_resumed(cluster: FakeCluster) -> None:
    """Thirty changes missed are replayed once on the other instance, then events are live."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    client = await connect(here, BEN)
    await stored_seq(send(here, room, ANA, "seen"))
    await until(lambda: client.received("message.created"))
    place = client.received("ready")[0]
    client.session.on_disconnect()
    for number in range(30):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    again = await resume(there, BEN, place, {room: 1})
    await stored_seq(send(here, room, ANA, "live"))
    await until(lambda: 32 in seqs(again))

    kinds = [frame["type"] for frame in again.frames]
    assert kinds[0] == "ready"
    assert kinds.index("resumed") == 31
    assert seqs(again) == list(range(2, 33))
    assert again.received("resumed")[0] == {"type": "resumed", "replayed": 30, "last_seqs": {room: 31}}
    again.session.on_disconnect()


async def test_replay_is_compacted(cluster: FakeCluster) -> None:
    """A message edited three times is replayed once, in its latest state."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    found = await send(core, room, ANA, "a")
    assert found is not None
    for content in ("b", "c", "d"):
        await core.conversations.change_message(ANA, room, Edit(found[0].id, content))
    again = await resume(core, BEN, place, {room: 0})

    assert [frame["message"]["content"] for frame in again.received("message.updated")] == ["d"]
    assert again.received("message.created") == []
    assert again.received("resumed")[0]["last_seqs"] == {room: 4}
    assert core.session_dependencies.stream_recovery.outcomes["resumed"] == 1
    again.session.on_disconnect()


async def test_resume_with_nothing_missed_can_be_repeated(cluster: FakeCluster) -> None:
    """Resuming before the first event and again right after it replays nothing twice."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    for _ in range(2):
        again = await resume(core, BEN, place, {room: 0})
        assert [frame["type"] for frame in again.frames] == ["ready", "resumed"]
        place = again.received("ready")[0]
        again.session.on_disconnect()


async def test_memberships_changed_while_offline_are_replayed(cluster: FakeCluster) -> None:
    """A joined conversation is replayed with its messages; a left one only as `conversation.left`."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    old = await cluster.create_group(here, ANA, BEN)
    client = await connect(here, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    new = await cluster.create_group(here, ANA, CYD)
    await here.conversations.change_membership(new, AddMember(card(ANA), card(BEN)))
    await stored_seq(send(here, new, ANA, "welcome"))
    await here.conversations.change_membership(old, RemoveMember(card(ANA), card(BEN)))
    await stored_seq(send(here, old, ANA, "behind his back"))
    again = await resume(there, BEN, place, {old: 0})

    assert [frame["conversation"]["id"] for frame in again.received("conversation.joined")] == [new]
    assert [frame["conversation_id"] for frame in again.received("conversation.left")] == [old]
    assert {frame["conversation_id"] for frame in again.frames if "seq" in frame} == {new}
    assert again.received("resumed")[0]["last_seqs"] == {new: 2}
    again.session.on_disconnect()


async def test_claimed_conversation_of_non_member_is_answered_with_left(cluster: FakeCluster) -> None:
    """A client receives nothing of conversations its user is not in, whatever it claims to know."""
    core = await cluster.start_instance()
    foreign = await cluster.create_group(core, ANA, CYD)
    await stored_seq(send(core, foreign, ANA, "secret"))
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    again = await resume(core, BEN, place, {foreign: 0, "nonsense": 3})

    assert {frame["conversation_id"] for frame in again.received("conversation.left")} == {
        foreign,
        "nonsense",
    }
    assert seqs(again) == []
    again.session.on_disconnect()


@pytest.mark.parametrize(
    ("forged", "reason"), [({"epoch": "another"}, "epoch"), ({"position": 10_000}, "epoch")]
)
async def test_unknown_position_is_answered_with_resync(
    cluster: FakeCluster, forged: dict[str, object], reason: str
) -> None:
    """Another epoch, or a position above the head, is answered with the current position."""
    core = await cluster.start_instance()
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    again = await resume(core, BEN, place, {}, **forged)

    resync = again.received("resync")[0]
    assert (resync["reason"], resync["epoch"], resync["position"]) == (
        reason,
        place["epoch"],
        place["position"],
    )
    assert again.received("resumed") == []
    outcomes = core.session_dependencies.stream_recovery.outcomes
    assert {outcome: count for outcome, count in outcomes.items() if count} == {reason: 1}
    again.session.on_disconnect()


async def test_resume_after_stream_loss_is_answered_with_resync(cluster: FakeCluster) -> None:
    """A wiped broker starts a new epoch."""
    core = await cluster.start_instance()
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    cluster.streams.clear()
    again = await resume(core, BEN, place, {})

    assert again.received("resync")[0]["reason"] == "epoch"
    again.session.on_disconnect()


async def test_large_gap_is_answered_with_lagged(cluster: FakeCluster) -> None:
    """The cost of a resume is bounded: larger ranges are reported as `lagged`."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    count = RESUME_REPLAY_ENTRIES + 1
    for future in [send(core, room, ANA, f"m{number}") for number in range(count)]:
        await stored_seq(future)
    again = await resume(core, BEN, place, {room: 0})

    lagged = again.received("lagged")[0]
    assert (lagged["from_seq"], lagged["to_seq"]) == (1, count)
    assert seqs(again) == []
    assert again.received("resumed")[0]["last_seqs"] == {room: count}
    again.session.on_disconnect()


async def test_replay_is_bounded_in_bytes(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first conversations are replayed, as far as they fit; the rest are reported as `lagged`."""
    monkeypatch.setattr("actors.sessions.stream_recovery.RESUME_REPLAY_BYTES", 4000)
    core = await cluster.start_instance()
    rooms = [await cluster.create_group(core, ANA, BEN) for _ in range(3)]
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    for room in rooms:
        for number in range(4):
            await stored_seq(send(core, room, ANA, f"{number}" * 200))
    again = await resume(core, BEN, place, dict.fromkeys(rooms, 0))

    assert [frame["conversation_id"] for frame in again.received("message.created")] == [rooms[0]] * 4
    assert [
        (frame["conversation_id"], frame["from_seq"], frame["to_seq"]) for frame in again.received("lagged")
    ] == [(room, 1, 4) for room in rooms[1:]]
    assert again.received("resumed")[0]["last_seqs"] == dict.fromkeys(rooms, 4)
    again.session.on_disconnect()


async def test_few_entries_are_read_at_once(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all conversations could be too large for the memory of the instance."""
    monkeypatch.setattr("actors.sessions.stream_recovery.RESUME_REPLAY_ENTRIES", 5)
    core = await cluster.start_instance()
    rooms = [await cluster.create_group(core, ANA, BEN) for _ in range(7)]
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    for room in rooms:
        for number in range(2):
            await stored_seq(send(core, room, ANA, f"m{number}"))
    read = cluster.messaging.read
    reading = most = 0

    async def read_counted(conversation_id: str, after: int, through: int) -> list[Entry]:
        nonlocal reading, most
        if through != 2:
            # For the heads of the logs.
            return await read(conversation_id, after, through)
        reading += through - after
        most = max(most, reading)
        await asyncio.sleep(0)
        reading -= through - after
        return await read(conversation_id, after, through)

    monkeypatch.setattr(cluster.messaging, "read", read_counted)
    again = await resume(core, BEN, place, dict.fromkeys(rooms, 0))
    assert again.received("resumed")[0]["replayed"] == 14
    assert most == 4
    again.session.on_disconnect()


async def test_seq_above_the_head_is_clamped(cluster: FakeCluster) -> None:
    """A client that claims a seq above the head gets no error, and no gap later."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    again = await resume(core, BEN, place, {room: 99})
    await stored_seq(send(core, room, ANA, "first"))
    await until(lambda: seqs(again) == [1])

    assert again.received("resumed")[0]["last_seqs"] == {room: 0}
    again.session.on_disconnect()


async def test_missed_read_marks_are_replayed(cluster: FakeCluster) -> None:
    """Missed frames of the user stream come first, in order."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    client = await connect(core, BEN)
    place = client.received("ready")[0]
    client.session.on_disconnect()
    await stored_seq(send(core, room, ANA, "hello"))
    await core.conversations.mark_read(BEN, room, 1)
    again = await resume(core, BEN, place, {room: 0})

    kinds = [frame["type"] for frame in again.frames]
    assert kinds == ["ready", "conversation.marked", "message.created", "resumed"]
    assert again.received("conversation.marked")[0]["position"] == place["position"] + 1
    again.session.on_disconnect()


async def test_memberships_are_loaded_again_until_it_succeeds(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user added while bus and store were unavailable receives messages without reconnecting."""
    monkeypatch.setattr("actors.sessions.user_stream_delivery.RELOAD_DELAY_S", 0.01)
    load = cluster.messaging.last_seqs_by_user
    is_failing, failures = False, 0

    async def load_or_fail(user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        nonlocal failures
        if is_failing:
            failures += 1
            raise Unavailable
        return await load(user_ids)

    monkeypatch.setattr(cluster.messaging, "last_seqs_by_user", load_or_fail)
    here, there = await cluster.start_instance(), await cluster.start_instance()
    client = await connect(here, BEN)
    room = await cluster.create_group(there, ANA)
    cluster.broker.disconnect()
    await there.conversations.change_membership(room, AddMember(card(ANA), card(BEN)))
    is_failing = True
    cluster.broker.reconnect()
    await until(lambda: client.received("resync") and failures >= 2)
    is_failing = False
    # The rooms are joined before the last resync.
    await until(lambda: len(client.received("resync")) >= 2)
    await stored_seq(send(there, room, ANA, "hello"))

    await until(lambda: client.received("message.created"))


async def test_frames_of_a_later_version_are_delivered(cluster: FakeCluster) -> None:
    """While instances are upgraded one by one, an older one passes on stream frames that it does not know."""
    core = await cluster.start_instance()
    client = await connect(core, BEN)
    ready = client.received("ready")[0]
    await cluster.streams.append(BEN, b'{"type":"later.invented","position":', b',"x":1}')
    await until(lambda: client.received("later.invented"))
    client.session.on_disconnect()

    again = await resume(core, BEN, ready, {})
    assert [frame["x"] for frame in again.received("later.invented")] == [1]

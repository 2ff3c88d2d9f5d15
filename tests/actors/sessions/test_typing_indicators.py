"""Typing indicators: pushed to other members, ended by the server, not stored."""

import asyncio

import pytest

from actors.sessions import typing_indicators
from tests.actors.fake_client import FakeClient
from tests.actors.fake_cluster import ANA, BEN, CYD, FakeCluster, card, send, stored_seq
from tests.actors.sessions.connected_client import connect
from tests.until import until


def typing_frames(client: FakeClient) -> list[tuple[str, bool]]:
    return [(frame["user_id"], frame["active"]) for frame in client.received("typing")]


async def test_typing_reaches_other_members_on_every_instance(cluster: FakeCluster) -> None:
    """Start and stop reach the members on other instances."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    ana, other_ana, ben = await connect(here, ANA), await connect(there, ANA), await connect(there, BEN)

    ana.send(type="typing", id=1, conversation_id=room, active=True)
    await until(lambda: ana.received("ok"))
    ana.send(type="typing", id=2, conversation_id=room, active=False)

    await until(lambda: len(typing_frames(ben)) == 2)
    assert typing_frames(ben) == [(ANA, True), (ANA, False)]
    assert typing_frames(ana) == typing_frames(other_ana) == []
    for client in (ana, other_ana, ben):
        client.session.on_disconnect()


async def test_typing_ends_on_timeout_and_on_disconnect(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An indicator ends without repetition, and when its user disconnects."""
    monkeypatch.setattr(typing_indicators, "TYPING_TIMEOUT_S", 0.1)
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ana, ben = await connect(core, ANA), await connect(core, BEN)
    ana.send(type="typing", id=1, conversation_id=room, active=True)
    await until(lambda: typing_frames(ben) == [(ANA, True), (ANA, False)])

    monkeypatch.setattr(typing_indicators, "TYPING_TIMEOUT_S", 60.0)
    ana.send(type="typing", id=2, conversation_id=room, active=True)
    await until(lambda: len(typing_frames(ben)) == 3)
    ana.session.on_disconnect()

    await until(lambda: len(typing_frames(ben)) == 4)
    assert typing_frames(ben)[2:] == [(ANA, True), (ANA, False)]
    ben.session.on_disconnect()


async def test_stop_during_the_lookup_of_a_start_is_not_overtaken(cluster: FakeCluster) -> None:
    """By a stop of the user, who typed one key and sent, or by the end of the connection."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ana, ben = await connect(core, ANA), await connect(core, BEN)
    ana.send(type="typing", id=1, conversation_id=room, active=True)
    ana.send(type="typing", id=2, conversation_id=room, active=False)
    await until(lambda: len(ana.received("ok")) == 2)
    ana.send(type="typing", id=3, conversation_id=room, active=True)
    await asyncio.sleep(0)
    ana.session.on_disconnect()
    await core.conversations.drain()
    await stored_seq(send(core, room, ANA, "hello"))

    await until(lambda: ben.received("message.created"))
    assert typing_frames(ben) == []
    ben.session.on_disconnect()


async def test_repeated_typing_is_published_once_per_interval(cluster: FakeCluster) -> None:
    """Repeated commands are published once per interval, and each gets a reply."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ana, ben = await connect(core, ANA), await connect(core, BEN)
    ana.send(type="typing", id=0, conversation_id=room, active=True)
    await until(lambda: ana.received("ok"))
    for number in range(1, 10):
        ana.send(type="typing", id=number, conversation_id=room, active=True)

    await until(lambda: len(ana.received("ok")) == 10)
    assert typing_frames(ben) == [(ANA, True)]
    ana.session.on_disconnect()
    ben.session.on_disconnect()


async def test_typing_of_non_member_is_rejected(cluster: FakeCluster) -> None:
    """A non-member gets `conversation.not_found`, and nothing is published."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ben, cyd = await connect(core, BEN), await connect(core, CYD)

    cyd.send(type="typing", id=1, conversation_id=room, active=True)

    await until(lambda: cyd.received("error"))
    assert cyd.received("error")[0]["code"] == "conversation.not_found"
    assert typing_frames(ben) == []
    ben.session.on_disconnect()
    cyd.session.on_disconnect()


async def test_repeated_typing_is_checked_again(cluster: FakeCluster) -> None:
    """A user who was removed since, or blocked, does not go on typing, also within the interval."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ben = await connect(core, BEN)
    ben.send(type="typing", id=1, conversation_id=room, active=True)
    await until(lambda: ben.received("ok"))
    await core.conversations.remove_member(card(ANA), room, BEN)

    ben.send(type="typing", id=2, conversation_id=room, active=True)

    await until(lambda: ben.received("error"))
    assert ben.received("error")[0]["code"] == "conversation.not_found"
    ben.send(type="typing", id=3, conversation_id=room, active=False)
    await until(lambda: len(ben.received("ok")) == 2)
    ben.session.on_disconnect()


async def test_typing_is_not_published_in_large_groups(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large group the command succeeds and nothing is published."""
    monkeypatch.setattr(typing_indicators, "TYPING_MEMBERS_MAX", 1)
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    ana, ben = await connect(core, ANA), await connect(core, BEN)

    ana.send(type="typing", id=1, conversation_id=room, active=True)

    await until(lambda: ana.received("ok"))
    await asyncio.sleep(0)
    assert typing_frames(ben) == []
    ana.session.on_disconnect()
    ben.session.on_disconnect()

"""Frames of users who join and leave while another instance changes the members too, or a store is away."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from actors.conversations.commands import AddMember, MembershipChange, RemoveMember
from actors.core import Core
from actors.protocol.objects import UserCard
from actors.protocol.server_frames import ConversationJoined, ConversationLeft, StreamFrame
from storage.errors import Unavailable
from tests.actors.fake_client import FakeClient
from tests.actors.fake_cluster import (
    ANA,
    BEN,
    CYD,
    FakeCluster,
    card,
    load_cards,
    pending_effects_of,
    send,
    stored_seq,
)
from tests.actors.sessions.connected_client import connect
from tests.until import until


class LateAppends:
    """Lets an instance append frames to user streams only once `may_append` is set."""

    def __init__(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        self._append = core.stream_writer.append
        self.is_waiting, self.may_append = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(core.stream_writer, "append", self.append)

    async def append(self, user_ids: Sequence[str], frame: StreamFrame) -> bool:
        self.is_waiting.set()
        await self.may_append.wait()
        return await self._append(user_ids, frame)


def membership_frames(client: FakeClient) -> list[str]:
    kinds = [frame["type"] for frame in client.frames]
    return [kind for kind in kinds if kind in {"conversation.joined", "conversation.left"}]


async def test_user_who_is_removed_before_the_frame_of_the_addition_is_out(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The late `conversation.joined` is followed by another `conversation.left`; no message is received."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    client, member = await connect(there, CYD), await connect(there, BEN)
    late = LateAppends(here, monkeypatch)
    adding = asyncio.create_task(here.conversations.change_membership(room, AddMember(card(ANA), card(CYD))))
    await late.is_waiting.wait()
    await there.conversations.change_membership(room, RemoveMember(card(ANA), card(CYD)))
    await until(lambda: membership_frames(client) == ["conversation.left"])
    late.may_append.set()
    await adding
    await until(lambda: len(membership_frames(client)) == 3)
    await stored_seq(send(here, room, ANA, "secret"))
    await until(lambda: member.received("message.created"))

    assert membership_frames(client)[1:] == ["conversation.joined", "conversation.left"]
    assert client.received("message.created") == []
    client.session.on_disconnect()
    member.session.on_disconnect()


async def test_user_who_is_added_before_the_frame_of_the_removal_is_in(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The late `conversation.left` is followed by another `conversation.joined`; messages are received."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN, CYD)
    client = await connect(there, CYD)
    late = LateAppends(here, monkeypatch)
    removing = asyncio.create_task(
        here.conversations.change_membership(room, RemoveMember(card(ANA), card(CYD)))
    )
    await late.is_waiting.wait()
    await there.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    await until(lambda: membership_frames(client) == ["conversation.joined"])
    late.may_append.set()
    await removing
    await until(lambda: len(membership_frames(client)) == 3)
    await stored_seq(send(here, room, ANA, "welcome back"))

    await until(lambda: client.received("message.created") or client.received("lagged"))
    assert membership_frames(client)[1:] == ["conversation.left", "conversation.joined"]
    client.session.on_disconnect()


async def test_user_who_is_added_again_before_the_frame_is_corrected(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The `conversation.left` that follows the late `conversation.joined` is late too: one more follows."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    client = await connect(there, CYD)
    append = here.stream_writer.append
    overtaking: list[MembershipChange] = [AddMember(card(ANA), card(CYD)), RemoveMember(card(ANA), card(CYD))]

    async def append_overtaken(user_ids: Sequence[str], frame: StreamFrame) -> bool:
        if overtaking and isinstance(frame, ConversationJoined | ConversationLeft):
            await there.conversations.change_membership(room, overtaking.pop())
        return await append(user_ids, frame)

    monkeypatch.setattr(here.stream_writer, "append", append_overtaken)
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    await until(lambda: len(membership_frames(client)) == 5)

    assert [kind.removeprefix("conversation.") for kind in membership_frames(client)] == [
        "left",
        "joined",
        "joined",
        "left",
        "joined",
    ]
    client.session.on_disconnect()


async def test_frame_without_the_cards_of_members_is_repeated(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent at once with placeholders; a sweeper repeats it when the cards can be loaded, and not before."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await until(lambda: not cluster.messaging._pending_effects)
    client = await connect(core, CYD)
    is_away = True

    async def load_cards_or_fail(user_ids: Sequence[str]) -> Mapping[str, UserCard]:
        if is_away:
            raise Unavailable
        return await load_cards(user_ids)

    monkeypatch.setattr(core.membership_notifier, "_load_cards", load_cards_or_fail)
    await core.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    await core.pending_effect_sweeper.sweep(0)
    is_away = False
    await core.pending_effect_sweeper.sweep(0)
    await until(lambda: len(client.received("conversation.joined")) == 2)

    first, second = (frame["conversation"] for frame in client.received("conversation.joined"))
    assert {one["username"] for one in first["participants"]} == {"deleted"}
    assert [one["username"] for one in second["participants"]] == ["user1", "user2", "user3"]
    assert await pending_effects_of(cluster) == []
    client.session.on_disconnect()

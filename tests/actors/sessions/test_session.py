"""Sessions and user streams: `ready` first, no gaps in positions, losses repaired, rooms joined and left."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from actors.conversations import peer_checker
from actors.conversations.commands import AddMember, RemoveMember
from actors.core import Core
from actors.protocol.commands import AddReaction, DeleteMessage, EditMessage, RemoveReaction, SendMessage
from actors.protocol.objects import ConversationType, ReadState, UserCard
from actors.sessions.command_registry import REGISTRATIONS
from actors.sessions.transport import CloseCode
from tests.actors import fake_cluster
from tests.actors.fake_client import FakeClient, identity
from tests.actors.fake_cluster import ANA, BEN, CYD, FAST_LIMITS, FakeCluster, card, send, stored_seq
from tests.actors.sessions.connected_client import connect
from tests.until import until

ConnectUser = Callable[[Core, str], Any]


@pytest.fixture
async def connect_user() -> AsyncIterator[ConnectUser]:
    """Connects a user to an instance and waits for `ready`."""
    clients: list[FakeClient] = []

    async def connect_user(core: Core, user_id: str) -> FakeClient:
        clients.append(await connect(core, user_id))
        return clients[-1]

    yield connect_user
    for client in clients:
        client.session.on_disconnect()


async def test_ready_is_the_first_frame(cluster: FakeCluster, connect_user: ConnectUser) -> None:
    """Frames of rooms joined during authentication follow `ready`."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    client = FakeClient(core)
    client.ref.deliver_inline(identity(BEN))
    replies = [send(core, room, ANA, f"m{number}") for number in range(20)]
    for reply in replies:
        await stored_seq(reply)
    await until(lambda: client.received("ready"))
    await stored_seq(send(core, room, ANA, "last"))
    await until(lambda: client.received("message.created"))

    assert client.frames[0]["type"] == "ready"
    seqs = [frame["seq"] for frame in client.received("message.created")]
    assert seqs == list(range(seqs[0], 22))
    client.session.on_disconnect()


async def test_conversation_joined_precedes_its_messages(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """On every instance `conversation.joined` is first, and nothing after its last_seq is missed."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    clients = [await connect_user(here, ANA), await connect_user(there, BEN)]
    room = await cluster.create_group(here, ANA, BEN)
    for number in range(5):
        await stored_seq(send(here, room, ANA, f"m{number}"))
    for client in clients:
        await until(lambda client=client: received_all_up_to(client, 5))  # type: ignore[misc]
        kinds = [frame["type"] for frame in client.frames]
        assert kinds.index("conversation.joined") < kinds.index("message.created")


def received_all_up_to(client: FakeClient, seq: int) -> bool:
    """Whether every seq from 1 arrived, as a frame or within a `lagged` range."""
    seqs = {frame["seq"] for frame in client.received("message.created")}
    for lagged in client.received("lagged"):
        seqs |= set(range(lagged["from_seq"], lagged["to_seq"] + 1))
    return seqs >= set(range(1, seq + 1))


async def test_removed_member_receives_no_more_messages(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """`conversation.left` is the last frame of the conversation, on every instance."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    client = await connect_user(there, BEN)
    await here.conversations.change_membership(room, RemoveMember(card(ANA), card(BEN)))
    await until(lambda: client.received("conversation.left"))
    await stored_seq(send(here, room, ANA, "after the removal"))
    await stored_seq(send(there, room, ANA, "and again"))

    assert client.received("message.created") == []
    assert client.frames[-1]["type"] == "conversation.left"


async def test_session_does_not_join_a_room_that_the_user_left_meanwhile(
    cluster: FakeCluster, connect_user: ConnectUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that connects while its user is being removed gets none of the later messages."""
    load_seqs, may_continue = cluster.messaging.last_seqs_by_user, asyncio.Event()
    may_continue.set()
    loads = 0

    async def load_then_wait(user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        nonlocal loads
        loads += 1
        last_seqs = await load_seqs(user_ids)
        await may_continue.wait()
        return last_seqs

    monkeypatch.setattr(cluster.messaging, "last_seqs_by_user", load_then_wait)
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first = await connect_user(core, BEN)
    may_continue.clear()
    loads_before = loads
    second = FakeClient(core)
    second.ref.deliver_inline(identity(BEN))
    await until(lambda: loads > loads_before)
    await core.conversations.change_membership(room, RemoveMember(card(ANA), card(BEN)))
    await until(lambda: first.received("conversation.left"))
    may_continue.set()
    await until(lambda: second.received("ready"))
    await stored_seq(send(core, room, ANA, "after the removal"))

    assert second.received("message.created") == []
    assert core.rooms.statistics().subscribers == 0
    second.session.on_disconnect()


async def test_lost_stream_frames_are_recovered_from_the_stream(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """A gap in positions is filled, in order."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    client = await connect_user(there, BEN)
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("u:")
    await cluster.create_group(here, ANA, BEN)
    await cluster.create_group(here, CYD, BEN)
    cluster.broker.should_drop = lambda _topic, _frame: False
    await cluster.create_group(here, ANA, BEN)
    await until(lambda: len(client.received("conversation.joined")) == 3)

    assert [frame["position"] for frame in client.received("conversation.joined")] == [1, 2, 3]


async def test_new_epoch_is_pushed_as_resync(cluster: FakeCluster, connect_user: ConnectUser) -> None:
    """After the streams are lost the client receives `resync` with the new epoch."""
    core = await cluster.start_instance()
    client = await connect_user(core, BEN)
    cluster.broker.disconnect()
    cluster.streams.clear()
    cluster.broker.reconnect()
    await until(lambda: client.received("resync"))

    resync = client.received("resync")[0]
    assert resync["reason"] == "epoch"
    assert resync["epoch"] != client.received("ready")[0]["epoch"]


async def test_member_added_during_broker_outage_receives_messages(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """Members on the same instance receive messages without the broker."""
    core = await cluster.start_instance()
    client = await connect_user(core, BEN)
    cluster.broker.disconnect()
    room = await cluster.create_group(core, ANA, BEN)
    await until(lambda: client.received("resync"))
    await stored_seq(send(core, room, ANA, "hello"))
    await until(lambda: client.received("message.created") or client.received("lagged"))


async def test_removed_member_reads_nothing_over_a_new_session_without_the_broker(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """The user stream cannot tell the other instance of the removal; the log does."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN, CYD)
    first, member = await connect_user(there, BEN), await connect_user(there, CYD)
    cluster.broker.disconnect()
    await here.conversations.change_membership(room, RemoveMember(card(ANA), card(BEN)))
    await until(lambda: member.received("conversation.updated"))
    second = await connect_user(there, BEN)
    await stored_seq(send(there, room, CYD, "without ben"))
    await until(lambda: member.received("message.created"))

    assert first.received("message.created") == second.received("message.created") == []


async def test_late_removal_does_not_affect_who_joined_again(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """The entries of the removal and the addition are lost on the bus, and read from the log after both."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN, CYD)
    client, member = await connect_user(there, BEN), await connect_user(there, CYD)
    cluster.broker.should_drop = lambda topic, _frame: topic.startswith("c:")
    await here.conversations.change_membership(room, RemoveMember(card(ANA), card(BEN)))
    await here.conversations.change_membership(room, AddMember(card(ANA), card(BEN)))
    await until(lambda: len(client.received("conversation.joined")) == 1)
    cluster.broker.should_drop = lambda _topic, _frame: False
    await stored_seq(send(here, room, ANA, "welcome back"))
    await until(lambda: member.received("message.created"))

    await until(lambda: client.received("message.created"))


async def test_revoked_session_is_closed_on_every_instance(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """The revoking instance notifies the other instances."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    clients = [await connect_user(here, BEN), await connect_user(there, BEN), await connect_user(there, ANA)]
    here.publish_revocation([f"session of {BEN}"])
    await until(lambda: clients[1].close_code)

    assert [client.close_code for client in clients] == [4503, 4503, 0]


async def test_read_marks_reach_other_devices_of_the_user(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """A read mark reaches the user's other instance; other members get an ephemeral receipt."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "hello"))
    mine, my_tablet, hers = (
        await connect_user(here, BEN),
        await connect_user(there, BEN),
        await connect_user(there, ANA),
    )
    mine.send(type="conversation.read", id=1, conversation_id=room, seq=1)
    await until(lambda: my_tablet.received("conversation.marked") and hers.received("conversation.read"))
    await until(lambda: mine.received("ok"))

    assert mine.received("ok")[0]["result"] == {"read_seq": 1, "unread_count": 0}
    assert my_tablet.received("conversation.marked")[0]["read_seq"] == 1
    assert my_tablet.received("conversation.read") == []


async def test_last_disconnect_frees_the_user_and_rooms(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """No room, topic or user entry remains after the last disconnect."""
    core = await cluster.start_instance()
    own_topics = core._bus.statistics().topics
    await cluster.create_group(core, ANA, BEN)
    first, second = await connect_user(core, BEN), await connect_user(core, BEN)
    assert (core.online_users.statistics().users, core.rooms.statistics().rooms) == (1, 1)
    first.session.on_disconnect()
    second.session.on_disconnect()

    assert (core.online_users.statistics().users, core.rooms.statistics().rooms) == (0, 0)
    assert core._bus.statistics().topics == own_topics


async def test_added_member_joins_the_room_on_any_instance(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """An added member receives later messages on any instance."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    created = await here.conversations.create(card(ANA), ConversationType.GROUP, [BEN], "town", None)
    room = created.conversation.id
    client = await connect_user(there, CYD)
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    await until(lambda: client.received("conversation.joined"))
    await stored_seq(send(here, room, ANA, "welcome"))
    await until(lambda: received_seq(client, 2))


def received_seq(client: FakeClient, seq: int) -> bool:
    seqs = {frame["seq"] for frame in client.frames if "seq" in frame}
    return seq in seqs or any(lagged["to_seq"] >= seq for lagged in client.received("lagged"))


async def test_disconnect_during_open_leaves_no_subscription(cluster: FakeCluster) -> None:
    """A client that disconnects before `ready` is in no room and not online."""
    core = await cluster.start_instance()
    await cluster.create_group(core, ANA, BEN)
    client = FakeClient(core)
    client.ref.deliver_inline(identity(BEN))
    client.close(1006, "gone")
    await until(lambda: client.ref.idle)
    await asyncio.sleep(0)

    assert core.online_users.statistics().users == 0
    assert core.rooms.statistics().subscribers == 0


async def test_reconnect_does_not_renew_the_rate_limit(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """A user who used up the budget and reconnects is still limited, until the bucket has refilled."""
    limits = msgspec.structs.replace(FAST_LIMITS, messages_per_s=1, messages_burst=2)
    core = await cluster.start_instance(limits)
    room = await cluster.create_group(core, ANA, BEN)

    async def send_until_limited() -> int:
        client = await connect_user(core, ANA)
        for number in range(5):
            client.send(
                type="message.send", id=number, conversation_id=room, client_id=uuid4().hex, content="x"
            )
        await until(lambda: len(client.received("ok")) + len(client.received("error")) == 5)
        client.session.on_disconnect()
        return len(client.received("ok"))

    assert await send_until_limited() == 2
    assert await send_until_limited() < 2


async def test_commands_declare_that_a_conversation_is_read_only(
    cluster: FakeCluster, connect_user: ConnectUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing to a deleted account is refused with `conversation.read_only`, which AsyncAPI lists."""
    deleted_ids: set[str] = set()

    async def load_existing(user_ids: Sequence[str]) -> Mapping[str, UserCard]:
        return {user_id: card(user_id) for user_id in user_ids if user_id not in deleted_ids}

    monkeypatch.setattr(fake_cluster, "load_cards", load_existing)
    monkeypatch.setattr(peer_checker, "EXISTENCE_TTL_S", 0)
    core = await cluster.start_instance()
    created = await core.conversations.create(card(ANA), ConversationType.DIRECT, [BEN], None, None)
    room = created.conversation.id
    ana = await connect_user(core, ANA)
    ana.send(type="message.send", id=1, conversation_id=room, client_id="1", content="hello")
    await until(lambda: ana.received("ok"))
    message_id = ana.received("ok")[0]["result"]["message_id"]
    deleted_ids.add(BEN)

    ana.send(type="message.send", id=2, conversation_id=room, client_id="2", content="hello?")
    ana.send(type="message.edit", id=3, conversation_id=room, message_id=message_id, content="x")
    ana.send(type="reaction.add", id=4, conversation_id=room, message_id=message_id, emoji="👍")
    await until(lambda: len(ana.received("error")) == 3)
    assert {error["code"] for error in ana.received("error")} == {"conversation.read_only"}
    for command in (SendMessage, EditMessage, AddReaction):
        assert "conversation.read_only" in REGISTRATIONS[command].errors
    ana.send(type="message.delete", id=5, conversation_id=room, message_id=message_id)
    await until(lambda: len(ana.received("ok")) == 2)
    for unrestricted in (DeleteMessage, RemoveReaction):
        assert "conversation.read_only" not in REGISTRATIONS[unrestricted].errors


async def test_crash_of_a_concurrent_command_closes_the_connection(
    cluster: FakeCluster, connect_user: ConnectUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of one that runs in order: a client that stayed connected would wait for a reply."""

    async def crash(*_arguments: object) -> ReadState:
        raise RuntimeError

    core = await cluster.start_instance()
    client = await connect_user(core, ANA)
    monkeypatch.setattr(core.conversations, "mark_read", crash)

    client.send(type="conversation.read", id=1, conversation_id="a" * 24, seq=1)

    await until(lambda: client.close_code == CloseCode.OVERLOADED)


async def test_invalid_frame_is_not_repeated_in_its_error(
    cluster: FakeCluster, connect_user: ConnectUser
) -> None:
    """The detail names the field, without the value."""
    core = await cluster.start_instance()
    client = await connect_user(core, ANA)

    client.send(type="presence.set", id=1, status="it's a - at `$.secret`")
    await until(lambda: client.received("error"))

    (error,) = client.received("error")
    assert error["code"] == "request.invalid"
    assert "$.status" in error["detail"]
    assert "secret" not in error["detail"]

"""Membership changes: permissions, projection and notifications on several instances."""

import asyncio

import msgspec
import pytest

from actors.conversations.commands import AddByRule, AddMember, ChangeMembersByRule, RemoveMember
from actors.protocol.errors import ApiError
from storage.contracts.messaging import ConversationRecord
from tests.actors.fake_cluster import (
    ANA,
    BEN,
    CYD,
    FakeCluster,
    card,
    log_of,
    owed_epochs_of,
    pending_effects_of,
    refused_code,
    send,
    stored_seq,
)
from tests.until import until


async def test_queued_draft_of_removed_member_is_refused(cluster: FakeCluster) -> None:
    """Membership is checked again when a draft gets its seq, after entries of other instances."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(there, room, BEN, "active here"))
    cluster.broker.disconnect()
    await here.conversations.change_membership(room, RemoveMember(card(ANA), card(BEN)))

    assert await refused_code(send(there, room, BEN, "too late")) == "conversation.not_found"
    assert [entry.content for entry in await log_of(cluster, room)] == [
        "active here",
        "@user1 removed @user2",
    ]


async def test_added_member_can_send_on_every_instance(cluster: FakeCluster) -> None:
    """A new member is in the document and is known to instances where the conversation was active."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(there, room, BEN, "active here"))
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))

    assert (await stored_seq(send(there, room, CYD, "hello")))[0] == 3
    conversation = await there.conversations.get(CYD, room)
    assert conversation.member_count == 3


async def test_only_admins_change_membership(cluster: FakeCluster) -> None:
    """A member who is not an admin is refused, and no entry is stored."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)

    with pytest.raises(ApiError, match="permission"):
        await core.conversations.change_membership(room, AddMember(card(BEN), card(CYD)))
    assert await log_of(cluster, room) == []


async def test_no_op_membership_change_takes_no_seq(cluster: FakeCluster) -> None:
    """Adding an existing member succeeds without an entry."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await core.conversations.change_membership(room, AddMember(card(ANA), card(BEN)))

    assert await log_of(cluster, room) == []


async def test_missing_projection_is_repaired_on_activation(cluster: FakeCluster) -> None:
    """Activation projects membership entries that a crashed process did not write to the document."""
    here = await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    project = cluster.messaging.save_projection
    cluster.messaging.save_projection = do_nothing  # type: ignore[method-assign, assignment]
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    cluster.messaging.save_projection = project  # type: ignore[method-assign]
    there = await cluster.start_instance()
    assert await stored_seq(send(there, room, CYD, "hello")) == (2, False)

    record = await cluster.messaging.get(room)
    assert record is not None
    assert record.participants == (ANA, BEN, CYD)


async def do_nothing(*_: object) -> None:
    """Replace a store method in a process that crashes before the call."""


async def test_stream_frames_lost_during_broker_outage_start_a_new_epoch(cluster: FakeCluster) -> None:
    """A lost `conversation.joined` frame makes clients resync through a new epoch."""
    core = await cluster.start_instance()
    before = (await cluster.streams.positions([BEN]))[0]
    cluster.broker.disconnect()
    await cluster.create_group(core, ANA, BEN)
    cluster.broker.reconnect()

    async with asyncio.timeout(5):
        while (await cluster.streams.positions([BEN]))[0].epoch == before.epoch:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_sweeper_completes_membership_effect_of_crashed_instance(cluster: FakeCluster) -> None:
    """If an instance crashes after storing a membership change, another instance's sweeper notifies."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await until(lambda: not cluster.messaging._pending_effects)
    before = (await cluster.streams.positions([CYD]))[0]
    here.membership_notifier.notify_change = do_nothing  # type: ignore[method-assign, assignment]
    cluster.messaging.remove_pending_effect = do_nothing  # type: ignore[method-assign, assignment]
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    del cluster.messaging.remove_pending_effect
    assert (await cluster.streams.positions([CYD]))[0] == before

    await there.pending_effect_sweeper.sweep(0)

    assert (await cluster.streams.positions([CYD]))[0].position == before.position + 1
    assert await pending_effects_of(cluster) == []


async def test_creation_that_the_driver_repeated_notifies_the_members(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reply to the first insert was lost, so that the second one finds the conversation stored."""
    core = await cluster.start_instance()
    create = cluster.messaging.create

    async def create_twice(conversation: ConversationRecord) -> ConversationRecord | None:
        await create(conversation)
        return await create(msgspec.structs.replace(conversation))

    monkeypatch.setattr(cluster.messaging, "create", create_twice)
    await cluster.create_group(core, ANA, BEN)
    await until(lambda: not cluster.messaging._pending_effects)

    assert [one.position for one in await cluster.streams.positions([ANA, BEN])] == [1, 1]


async def test_membership_effect_is_settled_after_notification(cluster: FakeCluster) -> None:
    """After a successful notification no pending effect is left."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await until(lambda: not cluster.messaging._pending_effects)
    await core.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    assert len(await pending_effects_of(cluster)) == 1

    await until(lambda: not cluster.messaging._pending_effects)


async def test_lost_notifications_of_a_stopped_instance_are_repeated(cluster: FakeCluster) -> None:
    """What an instance could not append to the streams is completed by another instance's sweeper."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await until(lambda: not cluster.messaging._pending_effects)
    cluster.broker.disconnect()
    await here.conversations.change_membership(room, AddMember(card(ANA), card(CYD)))
    await cluster.create_group(here, ANA, CYD)
    await there.pending_effect_sweeper.sweep(0)
    assert len(await pending_effects_of(cluster)) == 2
    cluster.broker.reconnect()
    before = (await cluster.streams.positions([CYD]))[0].position
    await there.pending_effect_sweeper.sweep(0)

    assert (await cluster.streams.positions([CYD]))[0].position >= before + 2
    assert await pending_effects_of(cluster) == []


async def test_new_epoch_that_a_stopped_instance_owed_is_begun_by_another(cluster: FakeCluster) -> None:
    """Clients elsewhere learn that frames of their streams are missing, for example of their read marks."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "hello"))
    await until(lambda: not cluster.messaging._pending_effects)
    before = (await cluster.streams.positions([BEN]))[0]
    cluster.broker.disconnect()
    await here.conversations.mark_read(BEN, room, 1)
    await until(lambda: len(cluster.messaging._pending_effects) == 1)
    await here.stream_writer.close()
    await there.pending_effect_sweeper.sweep(0)
    assert len(await owed_epochs_of(cluster)) == 1
    cluster.broker.reconnect()
    await there.pending_effect_sweeper.sweep(0)

    assert (await cluster.streams.positions([BEN]))[0].epoch != before.epoch
    assert await owed_epochs_of(cluster) == []


async def test_owed_epoch_is_left_to_an_instance_that_lives(cluster: FakeCluster) -> None:
    """It changes its record with each attempt, and removes it when the epoch has begun."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    room = await cluster.create_group(here, ANA, BEN)
    await stored_seq(send(here, room, ANA, "hello"))
    await until(lambda: not cluster.messaging._pending_effects)
    cluster.broker.disconnect()
    await here.conversations.mark_read(BEN, room, 1)
    await until(lambda: len(cluster.messaging._pending_effects) == 1)
    (first,) = await owed_epochs_of(cluster)
    await until(lambda: first not in cluster.messaging._pending_effects.values())
    (second,) = await owed_epochs_of(cluster)
    assert (first.key, first.claim) != (second.key, second.claim)
    await there.pending_effect_sweeper.sweep(3600)
    assert await owed_epochs_of(cluster)
    cluster.broker.reconnect()

    await until(lambda: not cluster.messaging._pending_effects)


async def test_user_deleted_while_being_added_is_removed(cluster: FakeCluster) -> None:
    """The deletion removed the user from all conversations before the user was a member of this one."""
    core = await cluster.start_instance()
    room = await cluster.create_group(core, ANA, CYD)
    cluster.deleted_user_ids.add(BEN)
    await core.conversations.remove_user(BEN)
    for change in (
        AddMember(card(ANA), card(BEN)),
        AddByRule(card(BEN)),
        ChangeMembersByRule(card(ANA), "restored", joined=(card(BEN),)),
    ):
        await core.conversations.change_membership(room, change)
    created = await cluster.create_group(core, ANA, BEN)
    for conversation_id, members in ((room, (ANA, CYD)), (created, (ANA,))):
        record = await cluster.messaging.get(conversation_id)
        assert record is not None
        assert record.participants == members

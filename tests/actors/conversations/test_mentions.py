"""Mentions: a pending effect is written before the message, so that a crash loses no notification."""

from collections.abc import AsyncIterator, Sequence

import pytest

from actors.conversations.commands import AddMember, RemoveMember
from actors.conversations.message_changes import Delete
from actors.protocol.errors import ApiError
from storage.contracts.identifiers import entry_id
from storage.contracts.message_log import Appended, Entry
from storage.contracts.pending_effects import PendingEffect
from storage.errors import Unavailable
from tests.actors.conversations.mention_cluster import MentionCluster, send_mentioning, wait_settled
from tests.actors.fake_cluster import ANA, BEN, CYD, card, pending_effects_of, send
from tests.until import until


@pytest.fixture
async def cluster() -> AsyncIterator[MentionCluster]:
    cluster = MentionCluster()
    yield cluster
    await cluster.close()


async def test_mentioned_members_are_notified(cluster: MentionCluster) -> None:
    """A mention is notified once, with the members of the conversation; then its effect is settled."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await send_mentioning(core, room, "hello @ben", BEN)
    await send_mentioning(core, room, "no mention")
    await wait_settled(cluster)
    await core.pending_effect_sweeper.sweep(0)

    assert mentions.requested == ["hello @ben"]
    assert mentions.notified == [("hello @ben", frozenset({ANA, BEN}))]


async def test_pending_effect_is_written_before_the_message(cluster: MentionCluster) -> None:
    """If the effect cannot be written the message is refused, because a crash would lose the notification."""
    core, _ = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    effect_counts: list[int] = []
    append, add_pending_effect = cluster.messaging.append, cluster.messaging.add_pending_effect

    async def count_effects_and_append(entries: Sequence[Entry]) -> Appended:
        effect_counts.append(len(await pending_effects_of(cluster)))
        return await append(entries)

    async def fail_once(effect: PendingEffect) -> None:
        cluster.messaging.add_pending_effect = add_pending_effect  # type: ignore[method-assign]
        raise Unavailable

    cluster.messaging.append = count_effects_and_append  # type: ignore[method-assign]
    cluster.messaging.add_pending_effect = fail_once  # type: ignore[method-assign]
    with pytest.raises(ApiError, match="unavailable"):
        await send_mentioning(core, room, "hello @ben", BEN)
    await send_mentioning(core, room, "hello again @ben", BEN)
    await wait_settled(cluster)

    assert effect_counts == [1]
    assert [entry.id for entry in await cluster.messaging.read(room, 0, 9)] == [entry_id(room, 1)]


async def test_sweeper_notifies_for_crashed_instance(cluster: MentionCluster) -> None:
    """If an instance crashes after storing a message, another instance's sweeper notifies, once."""
    crashed, crashed_mentions = await cluster.start_recording_instance()
    other, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(crashed, ANA, BEN, CYD)
    crashed_mentions.never_completes = True
    await send_mentioning(crashed, room, "hello @ben", BEN)
    await send_mentioning(crashed, room, "hello @cyd", CYD)
    assert len(await pending_effects_of(cluster)) == 1
    await other.pending_effect_sweeper.sweep(0)
    swept = list(mentions.notified)
    await other.pending_effect_sweeper.sweep(0)

    assert crashed_mentions.notified == []
    assert set(swept) == {(content, frozenset({ANA, BEN, CYD})) for content in ("hello @ben", "hello @cyd")}
    assert mentions.notified == swept
    assert await pending_effects_of(cluster) == []


async def test_sweeper_skips_recent_effects(cluster: MentionCluster) -> None:
    """A recent effect belongs to an instance that is still working on it."""
    core, mentions = await cluster.start_recording_instance()
    other, swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.never_completes = True
    await send_mentioning(core, room, "hello @ben", BEN)
    await other.pending_effect_sweeper.sweep(60)
    await other.pending_effect_sweeper.sweep(60)

    assert swept.notified == []
    assert len(await pending_effects_of(cluster)) == 1


async def test_failed_notification_is_retried_by_a_later_sweep(cluster: MentionCluster) -> None:
    """An effect stays pending while notifications fail in the conversation and in the sweeper."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.unavailable = True
    await send_mentioning(core, room, "hello @ben", BEN)
    await until(lambda: mentions.requested)
    await core.pending_effect_sweeper.sweep(0)
    assert len(await pending_effects_of(cluster)) == 1
    mentions.unavailable = False
    await core.pending_effect_sweeper.sweep(0)

    assert [content for content, _ in mentions.notified] == ["hello @ben"]
    assert await pending_effects_of(cluster) == []


async def test_failed_withdrawal_is_retried_by_a_sweep(cluster: MentionCluster) -> None:
    """Of a deleted message, and of a removed user, while the notifications are unavailable."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN, CYD)
    entry, _ = await send_mentioning(core, room, "hello @ben", BEN)
    await wait_settled(cluster)
    mentions.unavailable = True
    await core.conversations.change_message(ANA, room, Delete(entry.id))
    await core.conversations.change_membership(room, RemoveMember(card(ANA), card(CYD)))
    await wait_settled(cluster, 2)
    await core.pending_effect_sweeper.sweep(0)
    assert mentions.withdrawn == []
    mentions.unavailable = False
    await core.pending_effect_sweeper.sweep(0)

    assert set(mentions.withdrawn) == {entry.id, CYD}
    assert await pending_effects_of(cluster) == []


async def test_crash_before_a_withdrawal_is_completed_by_a_sweep(cluster: MentionCluster) -> None:
    """Another instance withdraws the notifications of a removed user, unless the user was added again."""
    crashed, crashed_mentions = await cluster.start_recording_instance()
    other, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(crashed, ANA, BEN, CYD)
    crashed_mentions.never_completes = True
    for user_id in (BEN, CYD):
        await crashed.conversations.change_membership(room, RemoveMember(card(ANA), card(user_id)))
    await crashed.conversations.change_membership(room, AddMember(card(ANA), card(BEN)))
    await other.pending_effect_sweeper.sweep(0)

    assert crashed_mentions.withdrawn == []
    assert mentions.withdrawn == [CYD]
    assert await pending_effects_of(cluster) == []


async def test_message_with_an_unknown_outcome_is_notified(cluster: MentionCluster) -> None:
    """A message that was stored though its sender got an error notifies the mentioned users."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    append = cluster.messaging.append

    async def store_and_fail(entries: Sequence[Entry]) -> Appended:
        await append(entries)
        raise RuntimeError("the connection was lost after the write")

    cluster.messaging.append = store_and_fail  # type: ignore[method-assign]
    with pytest.raises(ApiError, match="unknown"):
        await send_mentioning(core, room, "hello @ben", BEN)
    cluster.messaging.append = append  # type: ignore[method-assign]
    await core.pending_effect_sweeper.sweep(0)

    assert [content for content, _ in mentions.notified] == ["hello @ben"]
    assert await pending_effects_of(cluster) == []


async def test_retry_is_not_notified_again(cluster: MentionCluster) -> None:
    """A retry returns the first message, and its pending effect is settled without a notification."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first, _ = await send_mentioning(core, room, "hello @ben", BEN)
    again, duplicate = await send_mentioning(core, room, "hello @ben", BEN)
    await wait_settled(cluster)

    assert (again.id, duplicate) == (first.id, True)
    assert mentions.requested == ["hello @ben"]


async def test_crash_before_the_withdrawal_of_a_deleted_message_is_completed(cluster: MentionCluster) -> None:
    """The effect is recorded before the deletion is stored, so another instance withdraws."""
    crashed, crashed_mentions = await cluster.start_recording_instance()
    other, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(crashed, ANA, BEN)
    entry, _ = await send_mentioning(crashed, room, "hello @ben", BEN)
    plain = await send(crashed, room, ANA, "no mention")
    assert plain is not None
    await wait_settled(cluster)
    crashed_mentions.never_completes = True
    await crashed.conversations.change_message(ANA, room, Delete(plain[0].id))
    assert await pending_effects_of(cluster) == []
    await crashed.conversations.change_message(ANA, room, Delete(entry.id))
    await other.pending_effect_sweeper.sweep(0)

    assert mentions.withdrawn == [entry.id]
    assert await pending_effects_of(cluster) == []


async def test_deletion_that_cannot_be_recorded_is_refused(
    cluster: MentionCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash would leave the notification; the next attempt succeeds, and its effect is settled."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    entry, _ = await send_mentioning(core, room, "hello @ben", BEN)
    await wait_settled(cluster)
    add_pending_effect, failures = cluster.messaging.add_pending_effect, [Unavailable()]

    async def fail_once(effect: PendingEffect) -> None:
        if failures:
            raise failures.pop()
        await add_pending_effect(effect)

    monkeypatch.setattr(cluster.messaging, "add_pending_effect", fail_once)
    with pytest.raises(ApiError, match="store"):
        await core.conversations.change_message(ANA, room, Delete(entry.id))
    assert len(await cluster.messaging.read(room, 0, 9)) == 1
    await core.conversations.change_message(ANA, room, Delete(entry.id))
    await wait_settled(cluster)

    assert mentions.withdrawn == [entry.id]

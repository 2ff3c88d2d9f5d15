"""Mentions: a pending effect is written before the message, so that a crash loses no notification."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence

import pytest

from actors.accounts.authenticator import Authenticator
from actors.conversations.commands import AddMember, RemoveMember, Send
from actors.conversations.conversation_dependencies import NullMentions
from actors.conversations.future_reply import FutureReply
from actors.conversations.message_changes import Delete
from actors.conversations.message_validation import create_draft
from actors.core import Core, CoreOptions, CoreStores
from actors.protocol.errors import ApiError
from actors.protocol.timestamps import now_ms
from actors.service_hooks import ServiceHooks
from storage.contracts.identifiers import entry_id, new_id
from storage.contracts.message_log import Appended, Entry, MessageEntry
from storage.contracts.pending_effects import PendingEffect
from storage.errors import Unavailable
from storage.memory.bus import MemoryBus
from storage.memory.users import MemoryLogins, MemorySessions, UserTables
from tests.actors.fake_cluster import (
    ANA,
    BEN,
    CYD,
    FAST_LIMITS,
    FakeCluster,
    card,
    load_cards,
    pending_effects_of,
)
from tests.until import until


class RecordingMentions(NullMentions):
    """A `Mentions` that records its calls.

    `never_completes` simulates a process that crashes before it notifies.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requested: list[str] = []
        self.notified: list[tuple[str, frozenset[str]]] = []
        self.withdrawn: list[str] = []
        self.never_completes = False
        self.unavailable = False

    def notify_later(
        self, entry: MessageEntry, members: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        self.requested.append(entry.content)
        if self.never_completes:
            return
        if not self.unavailable:
            self.notified.append((entry.content, frozenset(members)))
        on_done(not self.unavailable)

    async def notify(self, entries: Sequence[MessageEntry], members: Collection[str]) -> None:
        if self.unavailable:
            raise Unavailable
        self.notified += [(entry.content, frozenset(members)) for entry in entries]

    def withdraw_message(self, message: MessageEntry, on_done: Callable[[bool], None]) -> None:
        self._withdraw_later([message.id], on_done)

    def withdraw_conversation(
        self, conversation_id: str, user_ids: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        self._withdraw_later(user_ids, on_done)

    async def withdraw(
        self, conversation_id: str, messages: Sequence[MessageEntry], user_ids: Collection[str]
    ) -> None:
        if self.unavailable:
            raise Unavailable
        self.withdrawn += [*(message.id for message in messages), *user_ids]

    def _withdraw_later(self, ids: Collection[str], on_done: Callable[[bool], None]) -> None:
        if not self.never_completes:
            self.withdrawn += () if self.unavailable else ids
            on_done(not self.unavailable)


class MentionCluster(FakeCluster):
    """A cluster whose instances record their mentions."""

    def __init__(self) -> None:
        super().__init__()
        self.mentions: list[RecordingMentions] = []

    async def create_group(self, core: Core, *members: str) -> str:
        """Create a group, and wait until the effect of its creation is complete."""
        room = await super().create_group(core, *members)
        await until(lambda: not self.messaging._pending_effects)
        return room

    async def start_recording_instance(self) -> tuple[Core, RecordingMentions]:
        tables, mentions = UserTables(), RecordingMentions()
        stores = CoreStores(self.messaging, MemoryBus(self.broker), self.streams)
        core = Core(
            stores,
            Authenticator(MemorySessions(tables), MemoryLogins(tables), FAST_LIMITS),
            load_cards,
            CoreOptions(f"i{len(self.cores)}", FAST_LIMITS, lambda event: event + b"\n"),
            ServiceHooks(mentions=mentions),
        )
        await core.start()
        self.cores.append(core)
        self.mentions.append(mentions)
        return core, mentions


@pytest.fixture
async def cluster() -> AsyncIterator[MentionCluster]:
    cluster = MentionCluster()
    yield cluster
    await cluster.close()


async def send_mentioning(
    core: Core, room: str, content: str, *mentioned_ids: str
) -> tuple[MessageEntry, bool]:
    """Send a message of Ana that mentions these users."""
    reply = FutureReply()
    core.conversations.send(room, Send(create_draft(ANA, content, content, mentioned_ids, None), reply))
    stored = await reply.future
    assert stored is not None
    return stored


async def wait_settled(cluster: MentionCluster, count: int = 0) -> None:
    """Wait until exactly `count` pending effects are left."""
    await until(lambda: len(cluster.messaging._pending_effects) == count)


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


async def test_effect_without_a_message_is_settled(cluster: MentionCluster) -> None:
    """An effect whose instance crashed before the append is removed without a notification."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await send_mentioning(core, room, "no mention")
    await cluster.messaging.add_pending_effect(PendingEffect(new_id(), room, "a dead instance", 0, now_ms()))
    await core.pending_effect_sweeper.sweep(0)

    assert mentions.notified == []
    assert await pending_effects_of(cluster) == []


async def test_messages_of_a_second_share_a_record(cluster: MentionCluster) -> None:
    """It is written once, stays while one of their notifications is missing, and its log is read once."""
    core, mentions = await cluster.start_recording_instance()
    other, swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.never_completes = True
    await send_mentioning(core, room, "left pending @ben", BEN)
    mentions.never_completes = False
    for number in range(5):
        await send_mentioning(core, room, f"{number} @ben", BEN)
    assert len(await pending_effects_of(cluster)) == 1
    await other.pending_effect_sweeper.sweep(0)

    assert [content for content, _ in swept.notified] == [
        "left pending @ben",
        *(f"{number} @ben" for number in range(5)),
    ]
    assert await pending_effects_of(cluster) == []


async def test_failed_notification_starts_a_new_record(cluster: MentionCluster) -> None:
    """So later messages do not keep the failed one from the sweepers."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.unavailable = True
    await send_mentioning(core, room, "failed @ben", BEN)
    (failed,) = await pending_effects_of(cluster)
    mentions.unavailable = False
    await send_mentioning(core, room, "fine @ben", BEN)
    await wait_settled(cluster, 1)

    assert await pending_effects_of(cluster) == [failed]


async def test_one_sweeper_claims_an_effect(cluster: MentionCluster) -> None:
    """Of two sweepers that list an effect at the same time, one notifies."""
    core, mentions = await cluster.start_recording_instance()
    first, first_swept = await cluster.start_recording_instance()
    second, second_swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.never_completes = True
    await send_mentioning(core, room, "hello @ben", BEN)
    await asyncio.gather(first.pending_effect_sweeper.sweep(0), second.pending_effect_sweeper.sweep(0))

    assert len(first_swept.notified + second_swept.notified) == 1
    assert await pending_effects_of(cluster) == []


async def test_claim_of_a_failed_sweep_expires(cluster: MentionCluster) -> None:
    """A claim counts as a change: another sweeper completes the effect after it is unchanged again."""
    core, mentions = await cluster.start_recording_instance()
    first, first_swept = await cluster.start_recording_instance()
    second, second_swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.never_completes = True
    await send_mentioning(core, room, "hello @ben", BEN)
    await second.pending_effect_sweeper.sweep(60)
    first_swept.unavailable = True
    await first.pending_effect_sweeper.sweep(0)
    await second.pending_effect_sweeper.sweep(60)
    assert second_swept.notified == []
    assert second.pending_effect_sweeper.statistics().pending == 1
    assert second.pending_effect_sweeper.statistics().oldest_age_s > 0
    await second.pending_effect_sweeper.sweep(0)

    assert len(second_swept.notified) == 1
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
    await core.pending_effect_sweeper.sweep(0)

    assert (again.id, duplicate) == (first.id, True)
    assert mentions.requested == ["hello @ben"]
    assert await pending_effects_of(cluster) == []


async def test_effect_of_a_conversation_that_was_not_created_is_settled(cluster: MentionCluster) -> None:
    """Its creation failed after the effect was recorded."""
    core, _ = await cluster.start_recording_instance()
    await cluster.messaging.add_pending_effect(PendingEffect(new_id(), new_id(), "a dead instance", -1, 0))
    await core.pending_effect_sweeper.sweep(0)

    assert await pending_effects_of(cluster) == []


async def test_record_that_was_swept_too_early_is_restored(cluster: MentionCluster) -> None:
    """A sweeper settles the effect while the message waits for the store; then its notification fails."""
    core, mentions = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    mentions.unavailable = True
    append = cluster.messaging.append

    async def sweep_and_append(entries: Sequence[Entry]) -> Appended:
        await core.pending_effect_sweeper.sweep(0)
        assert await pending_effects_of(cluster) == []
        return await append(entries)

    cluster.messaging.append = sweep_and_append  # type: ignore[method-assign]
    await send_mentioning(core, room, "hello @ben", BEN)
    cluster.messaging.append = append  # type: ignore[method-assign]
    await wait_settled(cluster, 1)
    mentions.unavailable = False
    await core.pending_effect_sweeper.sweep(0)

    assert [content for content, _ in mentions.notified] == ["hello @ben"]

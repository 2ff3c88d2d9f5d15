"""Naming somebody in a message: noted before it is stored, so that whoever lives on notifies.

The instances stand on stores in memory; whom they notified is recorded.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence

import pytest

from actors.accounts.authenticator import Authenticator
from actors.conversations.commands import Send
from actors.conversations.conversation_services import NullMentions
from actors.conversations.drafts import create_draft
from actors.conversations.future_reply import FutureReply
from actors.core import Core, CoreStores
from actors.hooks import ServiceHooks
from actors.protocol.errors import ApiError
from actors.protocol.timestamps import now_ms
from storage.contracts.identifiers import entry_id
from storage.contracts.messaging import Appended, Entry, MessageEntry, PendingEffect
from storage.errors import Unavailable
from storage.memory.bus import MemoryBus
from storage.memory.users import MemoryLogins, MemorySessions, UserTables
from tests.actors.fake_cluster import ANA, BEN, CYD, FAST_LIMITS, FakeCluster, load_cards
from tests.until import until


class RecordingMentions(NullMentions):
    """A `Mentions` that notes what it is told. `dies` stands for a process that never comes to it."""

    def __init__(self) -> None:
        super().__init__()
        self.requested: list[str] = []
        self.notified: list[tuple[str, frozenset[str]]] = []
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

    async def notify(self, entry: MessageEntry, members: Collection[str]) -> None:
        if self.unavailable:
            raise Unavailable
        self.notified.append((entry.content, frozenset(members)))


class MentionCluster(FakeCluster):
    """Its instances have each a record of whom they notified."""

    def __init__(self) -> None:
        super().__init__()
        self.mentions: list[RecordingMentions] = []

    async def start_recording_instance(self) -> tuple[Core, RecordingMentions]:
        people, record = UserTables(), RecordingMentions()
        stores = CoreStores(self.messaging, MemoryBus(self.broker), self.streams)
        core = Core(
            stores,
            Authenticator(MemorySessions(people), MemoryLogins(people), FAST_LIMITS),
            load_cards,
            FAST_LIMITS,
            lambda event: event + b"\n",
            f"i{len(self.cores)}",
            ServiceHooks(mentions=record),
        )
        await core.start()
        self.cores.append(core)
        self.mentions.append(record)
        return core, record


@pytest.fixture
async def cluster() -> AsyncIterator[MentionCluster]:
    town = MentionCluster()
    yield town
    await town.close()


async def send_mentioning(
    core: Core, room: str, content: str, *mentioned_ids: str
) -> tuple[MessageEntry, bool]:
    """Ana says something that names those."""
    reply = FutureReply()
    core.conversations.send(room, Send(create_draft(ANA, content, content, mentioned_ids, None), reply))
    stored = await reply.future
    assert stored is not None
    return stored


async def wait_settled(cluster: MentionCluster, count: int = 0) -> None:
    """Wait until no more than so many intents stand."""
    await until(lambda: len(cluster.messaging._pending_effects) == count)


async def test_mentioned_members_are_notified(cluster: MentionCluster) -> None:
    """Once, with who is in the conversation; then nothing is left to do."""
    core, record = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await send_mentioning(core, room, "hello @ben", BEN)
    await send_mentioning(core, room, "nobody in particular")
    await wait_settled(cluster)
    await core.pending_effect_sweeper.sweep(0)

    assert record.requested == ["hello @ben"]
    assert record.notified == [("hello @ben", frozenset({ANA, BEN}))]


async def test_pending_effect_is_written_before_the_message(cluster: MentionCluster) -> None:
    """Where that can not be noted the message is refused: nobody would be told after a crash."""
    core, _ = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    stood: list[int] = []
    append, intend = cluster.messaging.append, cluster.messaging.add_pending_effect

    async def look(entries: Sequence[Entry]) -> Appended:
        stood.append(len(await cluster.messaging.list_pending_effects()))
        return await append(entries)

    async def away(effect: PendingEffect) -> None:
        cluster.messaging.add_pending_effect = intend  # type: ignore[method-assign]
        raise Unavailable

    cluster.messaging.append = look  # type: ignore[method-assign]
    cluster.messaging.add_pending_effect = away  # type: ignore[method-assign]
    with pytest.raises(ApiError, match="unavailable"):
        await send_mentioning(core, room, "hello @ben", BEN)
    await send_mentioning(core, room, "hello again @ben", BEN)
    await wait_settled(cluster)

    assert stood == [1]
    assert [entry.id for entry in await cluster.messaging.read(room, 0, 9)] == [entry_id(room, 1)]


async def test_sweeper_notifies_for_crashed_instance(cluster: MentionCluster) -> None:
    """It stored the message and died before it notified: the sweeper of another instance does, once."""
    doomed, unheard = await cluster.start_recording_instance()
    other, record = await cluster.start_recording_instance()
    room = await cluster.create_group(doomed, ANA, BEN, CYD)
    unheard.never_completes = True
    await send_mentioning(doomed, room, "hello @ben", BEN)
    await send_mentioning(doomed, room, "hello @cyd", CYD)
    assert len(await cluster.messaging.list_pending_effects()) == 2
    await other.pending_effect_sweeper.sweep(0)
    swept = list(record.notified)
    await other.pending_effect_sweeper.sweep(0)

    assert unheard.notified == []
    assert set(swept) == {(said, frozenset({ANA, BEN, CYD})) for said in ("hello @ben", "hello @cyd")}
    assert record.notified == swept
    assert await cluster.messaging.list_pending_effects() == []


async def test_sweeper_skips_recent_effects(cluster: MentionCluster) -> None:
    """Whoever made one is at it still."""
    core, record = await cluster.start_recording_instance()
    other, swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    record.never_completes = True
    await send_mentioning(core, room, "hello @ben", BEN)
    await other.pending_effect_sweeper.sweep(60_000)

    assert swept.notified == []
    assert len(await cluster.messaging.list_pending_effects()) == 1


async def test_failed_notification_is_retried_by_a_later_sweep(cluster: MentionCluster) -> None:
    """The notifications' store is away, at first for the conversation, then for the sweeper."""
    core, record = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    record.unavailable = True
    await send_mentioning(core, room, "hello @ben", BEN)
    await until(lambda: record.requested)
    with pytest.raises(Unavailable):
        await core.pending_effect_sweeper.sweep(0)
    assert len(await cluster.messaging.list_pending_effects()) == 1
    record.unavailable = False
    await core.pending_effect_sweeper.sweep(0)

    assert [said for said, _ in record.notified] == ["hello @ben"]
    assert await cluster.messaging.list_pending_effects() == []


async def test_effect_without_a_message_is_settled(cluster: MentionCluster) -> None:
    """Its process died before it had stored anything: there is nothing to tell, and nothing is kept."""
    core, record = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    await send_mentioning(core, room, "nobody in particular")
    await cluster.messaging.add_pending_effect(PendingEffect(room, "a dead instance:1", 0, now_ms()))
    await core.pending_effect_sweeper.sweep(0)

    assert record.notified == []
    assert await cluster.messaging.list_pending_effects() == []


async def test_effects_are_settled_per_message(cluster: MentionCluster) -> None:
    """One that is told takes no other's intent with it."""
    core, record = await cluster.start_recording_instance()
    other, swept = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    record.never_completes = True
    await send_mentioning(core, room, "left behind @ben", BEN)
    record.never_completes = False
    for number in range(5):
        await send_mentioning(core, room, f"{number} @ben", BEN)
    await wait_settled(cluster, 1)
    await other.pending_effect_sweeper.sweep(0)

    assert "left behind @ben" in [said for said, _ in swept.notified]
    assert await cluster.messaging.list_pending_effects() == []


async def test_retry_is_not_notified_again(cluster: MentionCluster) -> None:
    """The same client_id once more answers the first message; what was noted for it goes."""
    core, record = await cluster.start_recording_instance()
    room = await cluster.create_group(core, ANA, BEN)
    first, _ = await send_mentioning(core, room, "hello @ben", BEN)
    again, duplicate = await send_mentioning(core, room, "hello @ben", BEN)
    await core.pending_effect_sweeper.sweep(0)

    assert (again.id, duplicate) == (first.id, True)
    assert record.requested == ["hello @ben"]
    assert await cluster.messaging.list_pending_effects() == []

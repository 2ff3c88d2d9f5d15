"""Naming somebody in a message: noted before it is stored, so that whoever lives on notifies.

The instances stand on stores in memory; whom they notified is recorded.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence

import pytest

from actors.accounts.authenticator import Authenticator
from actors.conversation.drafts import draft_of
from actors.conversation.future_reply import FutureReply
from actors.conversation.house import Unmentioned
from actors.conversation.letters import Send
from actors.core import Core, CoreStores
from actors.neighbours import Neighbours
from actors.wire.moment import now_ms
from actors.wire.refusal import Refusal
from storage.errors import Unavailable
from storage.memory.bus import MemoryBus
from storage.memory.logins import MemoryLogins
from storage.memory.people import People
from storage.memory.sessions import MemorySessions
from storage.records.identifiers import entry_id
from storage.records.messaging import Appended, Entry, Intent, MessageEntry
from tests.actors.town import ANA, BEN, CYD, QUICK, Town, cards
from tests.until import until


class Record(Unmentioned):
    """A `Mentions` that notes what it is told. `dies` stands for a process that never comes to it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.notified: list[tuple[str, frozenset[str]]] = []
        self.dies = False
        self.away = False

    def tell(self, entry: MessageEntry, members: Collection[str], done: Callable[[bool], None]) -> None:
        self.told.append(entry.content)
        if self.dies:
            return
        if not self.away:
            self.notified.append((entry.content, frozenset(members)))
        done(not self.away)

    async def notify(self, entry: MessageEntry, members: Collection[str]) -> None:
        if self.away:
            raise Unavailable
        self.notified.append((entry.content, frozenset(members)))


class MentionTown(Town):
    """Its instances have each a record of whom they notified."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Record] = []

    async def recorded(self) -> tuple[Core, Record]:
        people, record = People(), Record()
        stores = CoreStores(self.messaging, MemoryBus(self.broker), self.streams)
        core = Core(
            stores,
            Authenticator(MemorySessions(people), MemoryLogins(people), QUICK),
            cards,
            QUICK,
            lambda event: event + b"\n",
            f"i{len(self.cores)}",
            Neighbours(mentions=record),
        )
        await core.start()
        self.cores.append(core)
        self.records.append(record)
        return core, record


@pytest.fixture
async def town() -> AsyncIterator[MentionTown]:
    town = MentionTown()
    yield town
    await town.close()


async def say(core: Core, room: str, content: str, *named: str) -> tuple[MessageEntry, bool]:
    """Ana says something that names those."""
    reply = FutureReply()
    core.conversations.send(room, Send(draft_of(ANA, content, content, named, None), reply))
    stored = await reply.future
    assert stored is not None
    return stored


async def settled(town: MentionTown, count: int = 0) -> None:
    """Wait until no more than so many intents stand."""
    await until(lambda: len(town.messaging._intents) == count)


async def test_those_who_are_named_are_told(town: MentionTown) -> None:
    """Once, with who is in the conversation; then nothing is left to do."""
    core, record = await town.recorded()
    room = await town.room(core, ANA, BEN)
    await say(core, room, "hello @ben", BEN)
    await say(core, room, "nobody in particular")
    await settled(town)
    await core.sweeper.sweep(0)

    assert record.told == ["hello @ben"]
    assert record.notified == [("hello @ben", frozenset({ANA, BEN}))]


async def test_it_is_noted_before_it_is_stored(town: MentionTown) -> None:
    """Where that can not be noted the message is refused: nobody would be told after a crash."""
    core, _ = await town.recorded()
    room = await town.room(core, ANA, BEN)
    stood: list[int] = []
    append, intend = town.messaging.append, town.messaging.intend

    async def look(entries: Sequence[Entry]) -> Appended:
        stood.append(len(await town.messaging.intents()))
        return await append(entries)

    async def away(intent: Intent) -> None:
        town.messaging.intend = intend  # type: ignore[method-assign]
        raise Unavailable

    town.messaging.append = look  # type: ignore[method-assign]
    town.messaging.intend = away  # type: ignore[method-assign]
    with pytest.raises(Refusal, match="unavailable"):
        await say(core, room, "hello @ben", BEN)
    await say(core, room, "hello again @ben", BEN)
    await settled(town)

    assert stood == [1]
    assert [entry.id for entry in await town.messaging.read(room, 0, 9)] == [entry_id(room, 1)]


async def test_a_dead_process_leaves_it_to_another(town: MentionTown) -> None:
    """It stored the message and died before it notified: the sweeper of another instance does, once."""
    doomed, unheard = await town.recorded()
    other, record = await town.recorded()
    room = await town.room(doomed, ANA, BEN, CYD)
    unheard.dies = True
    await say(doomed, room, "hello @ben", BEN)
    await say(doomed, room, "hello @cyd", CYD)
    assert len(await town.messaging.intents()) == 2
    await other.sweeper.sweep(0)
    swept = list(record.notified)
    await other.sweeper.sweep(0)

    assert unheard.notified == []
    assert set(swept) == {(said, frozenset({ANA, BEN, CYD})) for said in ("hello @ben", "hello @cyd")}
    assert record.notified == swept
    assert await town.messaging.intents() == []


async def test_young_intents_are_left_alone(town: MentionTown) -> None:
    """Whoever made one is at it still."""
    core, record = await town.recorded()
    other, swept = await town.recorded()
    room = await town.room(core, ANA, BEN)
    record.dies = True
    await say(core, room, "hello @ben", BEN)
    await other.sweeper.sweep(60_000)

    assert swept.notified == []
    assert len(await town.messaging.intents()) == 1


async def test_what_can_not_be_told_is_told_by_a_later_sweep(town: MentionTown) -> None:
    """The notifications' store is away, at first for the conversation, then for the sweeper."""
    core, record = await town.recorded()
    room = await town.room(core, ANA, BEN)
    record.away = True
    await say(core, room, "hello @ben", BEN)
    await until(lambda: record.told)
    with pytest.raises(Unavailable):
        await core.sweeper.sweep(0)
    assert len(await town.messaging.intents()) == 1
    record.away = False
    await core.sweeper.sweep(0)

    assert [said for said, _ in record.notified] == ["hello @ben"]
    assert await town.messaging.intents() == []


async def test_an_intent_without_a_message_is_dropped(town: MentionTown) -> None:
    """Its process died before it had stored anything: there is nothing to tell, and nothing is kept."""
    core, record = await town.recorded()
    room = await town.room(core, ANA, BEN)
    await say(core, room, "nobody in particular")
    await town.messaging.intend(Intent(room, "a dead instance:1", 0, now_ms()))
    await core.sweeper.sweep(0)

    assert record.notified == []
    assert await town.messaging.intents() == []


async def test_each_message_is_settled_by_itself(town: MentionTown) -> None:
    """One that is told takes no other's intent with it."""
    core, record = await town.recorded()
    other, swept = await town.recorded()
    room = await town.room(core, ANA, BEN)
    record.dies = True
    await say(core, room, "left behind @ben", BEN)
    record.dies = False
    for number in range(5):
        await say(core, room, f"{number} @ben", BEN)
    await settled(town, 1)
    await other.sweeper.sweep(0)

    assert "left behind @ben" in [said for said, _ in swept.notified]
    assert await town.messaging.intents() == []


async def test_a_repeat_is_not_told_again(town: MentionTown) -> None:
    """The same client_id once more answers the first message; what was noted for it goes."""
    core, record = await town.recorded()
    room = await town.room(core, ANA, BEN)
    first, _ = await say(core, room, "hello @ben", BEN)
    again, duplicate = await say(core, room, "hello @ben", BEN)
    await core.sweeper.sweep(0)

    assert (again.id, duplicate) == (first.id, True)
    assert record.told == ["hello @ben"]
    assert await town.messaging.intents() == []

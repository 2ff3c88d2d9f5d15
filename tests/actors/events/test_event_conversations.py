"""Each event's conversation: made once, and its members are the creator and those who go."""

import random

import pytest

from actors.conversations import roster
from actors.events.serializers import event_conversation_id
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from storage.records.events import EventChange
from tests.actors.domain_events.reader_fixtures import reader_of, running
from tests.actors.events.conftest import GatheringHouse
from tests.until import until

STATUSES = ("GOING", "INTERESTED", "MAYBE", "NOT_GOING")


async def standing(house: GatheringHouse, event_id: str) -> object:
    """What a conversation is, but for its last message, which is noted later."""
    found = await house.group(event_id)
    assert found is not None
    return found.name, found.participants, found.admins, found.created_at_ms, found.applied_seq


async def test_it_is_founded_with_the_event(house: GatheringHouse) -> None:
    """A group of the event's name; the creator is its admin and first member."""
    creator, *_ = house.people
    event_id = await house.event(creator, "Boules " * 20)
    await house.catch_up()
    group = await house.group(event_id)

    assert group is not None
    assert (group.type, group.name) == ("GROUP", ("Boules " * 20)[:100])
    assert group.participants == group.admins == (creator,)


async def test_it_is_founded_once(house: GatheringHouse) -> None:
    """Whatever is heard again, by however many: a conversation that stands is left as it is."""
    creator, guest, *_ = house.people
    event_id = await house.event(creator)
    await house.catch_up()
    await house.answer(event_id, guest, "GOING")
    await house.catch_up()
    before = await standing(house, event_id)
    await house.events.change(event_id, EventChange(title="Elsewhere"))
    other = house.made((await house.town.start_instance()).conversations)
    for event in await house.told():
        await other.handle([event], None)
        await house.gathering.handle([event], None)

    assert await standing(house, event_id) == before
    assert len(house.town.messaging._conversations) == 1


async def test_those_who_go_are_in_it(house: GatheringHouse) -> None:
    """Nobody else, and for as long as they go."""
    creator, going, interested, changing, *_ = house.people
    event_id = await house.event(creator)
    for user_id, status in ((going, "GOING"), (interested, "INTERESTED"), (changing, "GOING")):
        await house.answer(event_id, user_id, status)
    await house.catch_up()
    assert await house.members(event_id) == {creator, going, changing}
    await house.answer(event_id, changing, "MAYBE")
    await house.rsvps.delete_rsvp(event_id, going)
    await house.catch_up()

    assert await house.members(event_id) == {creator}


async def test_who_gets_a_free_place_joins(house: GatheringHouse) -> None:
    """Those who wait for one are not in it before."""
    creator, first, waiting, *_ = house.people
    event_id = await house.event(creator, capacity=1)
    await house.answer(event_id, first, "GOING")
    await house.answer(event_id, waiting, "GOING")
    await house.catch_up()
    assert await house.members(event_id) == {creator, first}
    await house.rsvps.delete_rsvp(event_id, first)
    await house.catch_up()

    assert await house.members(event_id) == {creator, waiting}


@pytest.mark.parametrize("seed", range(5))
async def test_members_follow_the_answers_in_whatever_order(house: GatheringHouse, seed: int) -> None:
    """Events may come twice and the last one first: what counts is how it stands."""
    chance = random.Random(seed)
    creator, *guests = house.people
    event_id = await house.event(creator)
    last: dict[str, str] = {}
    for _ in range(25):
        user_id = chance.choice(house.people)
        last[user_id] = chance.choice(STATUSES)
        await house.answer(event_id, user_id, last[user_id])
    events = await house.told()
    for event in chance.sample([*events, *events], len(events) * 2):
        await house.gathering.handle([event], None)

    going = {user_id for user_id in guests if last.get(user_id) == "GOING"}
    assert await house.members(event_id) == {creator, *going}
    before = len(await house.town.messaging.read(event_conversation_id(event_id), 0, 10_000))
    await house.gathering.handle(events, None)
    assert len(await house.town.messaging.read(event_conversation_id(event_id), 0, 10_000)) == before


async def test_the_creator_stays(house: GatheringHouse) -> None:
    """Also who will not come to their own event."""
    creator, *_ = house.people
    event_id = await house.event(creator)
    for status in ("GOING", "NOT_GOING"):
        await house.answer(event_id, creator, status)
        await house.catch_up()
        assert await house.members(event_id) == {creator}
    await house.rsvps.delete_rsvp(event_id, creator)
    await house.catch_up()

    assert await house.members(event_id) == {creator}


async def test_events_that_are_gone_are_passed(house: GatheringHouse) -> None:
    """Deleted before they were heard of, or their creator or guest was: nothing stands in the way."""
    creator, other, gone, guest, *_ = house.people
    deleted = await house.event(creator)
    await house.answer(deleted, guest, "GOING")
    await house.events.delete(deleted, creator)
    orphan, event_id = await house.event(gone), await house.event(other)
    for user_id in (gone, guest):
        await house.answer(event_id, user_id, "GOING")
    house.guests.gone.add(gone)
    await house.catch_up()

    assert await house.group(deleted) is await house.group(orphan) is None
    assert await house.members(event_id) == {other, guest}
    assert await house.database.cursors.dead_letter_count() == 0


async def test_a_full_conversation_stops_nobody(
    house: GatheringHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds no room is not in it; those behind are heard, and other events go on."""
    monkeypatch.setattr(roster, "PARTICIPANTS_MAX", 3)
    creator, *guests = house.people
    event_id, other_id = await house.event(creator), await house.event(creator)
    for user_id in guests:
        await house.answer(event_id, user_id, "GOING")
    await house.answer(other_id, guests[-1], "GOING")
    await house.rsvps.delete_rsvp(event_id, guests[0])
    await house.catch_up()

    members = await house.members(event_id)
    assert len(members) == 3
    assert creator in members
    assert members <= {creator, *guests[1:]}
    assert await house.members(other_id) == {creator, guests[-1]}
    assert await house.database.cursors.dead_letter_count() == 0


class Busy:
    """Groups that have no time at first."""

    def __init__(self, house: GatheringHouse) -> None:
        self.times = 0
        self.ensure_group = house.core.conversations.ensure_group
        self.remove_by_rule = house.core.conversations.remove_by_rule
        self._add_by_rule = house.core.conversations.add_by_rule

    async def add_by_rule(self, conversation_id: str, user: UserCard) -> None:
        self.times += 1
        if self.times < 4:
            raise ApiError("server.overloaded", "Busy.", retry_after_ms=10)
        await self._add_by_rule(conversation_id, user)


async def test_busy_conversations_are_waited_for(house: GatheringHouse) -> None:
    """What may succeed later is tried until it does, and is no dead letter."""
    creator, guest, *_ = house.people
    busy = Busy(house)
    event_id = await house.event(creator)
    await house.answer(event_id, guest, "GOING")
    reader = reader_of(house.made(busy), house.database, house.database)
    async with running(reader):
        await until(lambda: reader.statistics().handled == 2)

    assert busy.times == 4
    assert await house.members(event_id) == {creator, guest}
    assert await house.database.cursors.dead_letter_count() == 0


class Hasty:
    """Conversations in which somebody thinks better of it while being let in."""

    def __init__(self, house: GatheringHouse, event_id: str) -> None:
        self._house = house
        self._event_id = event_id
        self._groups = house.core.conversations

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        await self._groups.ensure_group(conversation_id, creator, name)

    async def add_by_rule(self, conversation_id: str, user: UserCard) -> None:
        await self._house.answer(self._event_id, user.id, "NOT_GOING")
        await self._groups.remove_by_rule(conversation_id, user)
        await self._groups.add_by_rule(conversation_id, user)

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        await self._groups.remove_by_rule(conversation_id, user)


async def test_an_answer_that_changes_meanwhile_is_followed(house: GatheringHouse) -> None:
    """Another instance has read on and let them go already: they are not left in for it."""
    creator, guest, *_ = house.people
    event_id = await house.event(creator)
    await house.answer(event_id, guest, "GOING")
    await house.made(Hasty(house, event_id)).handle(await house.told(), None)

    assert await house.members(event_id) == {creator}

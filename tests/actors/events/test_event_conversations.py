"""Each event's conversation: made once, and its members are the creator and those who go."""

import random

import pytest

from actors.conversations import roster
from actors.events.serializers import event_conversation_id
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from storage.contracts.events import EventChange
from tests.actors.domain_events.reader_fixtures import make_reader, run_readers
from tests.actors.events.conftest import EventConversationsSetup
from tests.until import until

STATUSES = ("GOING", "INTERESTED", "MAYBE", "NOT_GOING")


async def group_state(house: EventConversationsSetup, event_id: str) -> object:
    """What a conversation is, but for its last message, which is noted later."""
    found = await house.get_group(event_id)
    assert found is not None
    return found.name, found.participants, found.admins, found.created_at_ms, found.applied_seq


async def test_creating_an_event_creates_its_group(house: EventConversationsSetup) -> None:
    """A group of the event's name; the creator is its admin and first member."""
    creator, *_ = house.user_ids
    event_id = await house.create_event(creator, "Boules " * 20)
    await house.catch_up()
    group = await house.get_group(event_id)

    assert group is not None
    assert (group.type, group.name) == ("GROUP", ("Boules " * 20)[:100])
    assert group.participants == group.admins == (creator,)


async def test_group_is_created_once(house: EventConversationsSetup) -> None:
    """Whatever is heard again, by however many: a conversation that stands is left as it is."""
    creator, guest, *_ = house.user_ids
    event_id = await house.create_event(creator)
    await house.catch_up()
    await house.set_rsvp(event_id, guest, "GOING")
    await house.catch_up()
    before = await group_state(house, event_id)
    await house.events.change(event_id, EventChange(title="Elsewhere"))
    other = house.make_consumer((await house.cluster.start_instance()).conversations)
    for event in await house.read_all_events():
        await other.handle([event], None)
        await house.consumer.handle([event], None)

    assert await group_state(house, event_id) == before
    assert len(house.cluster.messaging._conversations) == 1


async def test_members_are_the_users_going(house: EventConversationsSetup) -> None:
    """Nobody else, and for as long as they go."""
    creator, going, interested, changing, *_ = house.user_ids
    event_id = await house.create_event(creator)
    for user_id, status in ((going, "GOING"), (interested, "INTERESTED"), (changing, "GOING")):
        await house.set_rsvp(event_id, user_id, status)
    await house.catch_up()
    assert await house.get_members(event_id) == {creator, going, changing}
    await house.set_rsvp(event_id, changing, "MAYBE")
    await house.rsvps.delete_rsvp(event_id, going)
    await house.catch_up()

    assert await house.get_members(event_id) == {creator}


async def test_promoted_user_becomes_member(house: EventConversationsSetup) -> None:
    """Those who wait for one are not in it before."""
    creator, first, waiting, *_ = house.user_ids
    event_id = await house.create_event(creator, capacity=1)
    await house.set_rsvp(event_id, first, "GOING")
    await house.set_rsvp(event_id, waiting, "GOING")
    await house.catch_up()
    assert await house.get_members(event_id) == {creator, first}
    await house.rsvps.delete_rsvp(event_id, first)
    await house.catch_up()

    assert await house.get_members(event_id) == {creator, waiting}


@pytest.mark.parametrize("seed", range(5))
async def test_members_match_rsvps_in_any_event_order(house: EventConversationsSetup, seed: int) -> None:
    """Events may come twice and the last one first: what counts is how it stands."""
    chance = random.Random(seed)
    creator, *guests = house.user_ids
    event_id = await house.create_event(creator)
    last: dict[str, str] = {}
    for _ in range(25):
        user_id = chance.choice(house.user_ids)
        last[user_id] = chance.choice(STATUSES)
        await house.set_rsvp(event_id, user_id, last[user_id])
    events = await house.read_all_events()
    for event in chance.sample([*events, *events], len(events) * 2):
        await house.consumer.handle([event], None)

    going = {user_id for user_id in guests if last.get(user_id) == "GOING"}
    assert await house.get_members(event_id) == {creator, *going}
    before = len(await house.cluster.messaging.read(event_conversation_id(event_id), 0, 10_000))
    await house.consumer.handle(events, None)
    assert len(await house.cluster.messaging.read(event_conversation_id(event_id), 0, 10_000)) == before


async def test_creator_is_never_removed(house: EventConversationsSetup) -> None:
    """Also who will not come to their own event."""
    creator, *_ = house.user_ids
    event_id = await house.create_event(creator)
    for status in ("GOING", "NOT_GOING"):
        await house.set_rsvp(event_id, creator, status)
        await house.catch_up()
        assert await house.get_members(event_id) == {creator}
    await house.rsvps.delete_rsvp(event_id, creator)
    await house.catch_up()

    assert await house.get_members(event_id) == {creator}


async def test_deleted_events_and_users_are_skipped(house: EventConversationsSetup) -> None:
    """Deleted before they were heard of, or their creator or guest was: nothing stands in the way."""
    creator, other, gone, guest, *_ = house.user_ids
    deleted = await house.create_event(creator)
    await house.set_rsvp(deleted, guest, "GOING")
    await house.events.delete(deleted, creator)
    orphan, event_id = await house.create_event(gone), await house.create_event(other)
    for user_id in (gone, guest):
        await house.set_rsvp(event_id, user_id, "GOING")
    house.user_source.deleted_ids.add(gone)
    await house.catch_up()

    assert await house.get_group(deleted) is await house.get_group(orphan) is None
    assert await house.get_members(event_id) == {other, guest}
    assert await house.database.cursors.dead_letter_count() == 0


async def test_full_group_does_not_block_other_events(
    house: EventConversationsSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds no room is not in it; those behind are heard, and other events go on."""
    monkeypatch.setattr(roster, "PARTICIPANTS_MAX", 3)
    creator, *guests = house.user_ids
    event_id, other_id = await house.create_event(creator), await house.create_event(creator)
    for user_id in guests:
        await house.set_rsvp(event_id, user_id, "GOING")
    await house.set_rsvp(other_id, guests[-1], "GOING")
    await house.rsvps.delete_rsvp(event_id, guests[0])
    await house.catch_up()

    members = await house.get_members(event_id)
    assert len(members) == 3
    assert creator in members
    assert members <= {creator, *guests[1:]}
    assert await house.get_members(other_id) == {creator, guests[-1]}
    assert await house.database.cursors.dead_letter_count() == 0


class OverloadedGroups:
    """Groups that have no time at first."""

    def __init__(self, house: EventConversationsSetup) -> None:
        self.attempts = 0
        self.ensure_group = house.core.conversations.ensure_group
        self.remove_by_rule = house.core.conversations.remove_by_rule
        self._add_by_rule = house.core.conversations.add_by_rule

    async def add_by_rule(self, conversation_id: str, user: UserCard) -> None:
        self.attempts += 1
        if self.attempts < 4:
            raise ApiError("server.overloaded", "Busy.", retry_after_ms=10)
        await self._add_by_rule(conversation_id, user)


async def test_overloaded_conversations_are_retried(house: EventConversationsSetup) -> None:
    """What may succeed later is tried until it does, and is no dead letter."""
    creator, guest, *_ = house.user_ids
    busy = OverloadedGroups(house)
    event_id = await house.create_event(creator)
    await house.set_rsvp(event_id, guest, "GOING")
    reader = make_reader(house.make_consumer(busy), house.database, house.database)
    async with run_readers(reader):
        await until(lambda: reader.statistics().handled == 2)

    assert busy.attempts == 4
    assert await house.get_members(event_id) == {creator, guest}
    assert await house.database.cursors.dead_letter_count() == 0


class RsvpChangingGroups:
    """Conversations in which somebody thinks better of it while being let in."""

    def __init__(self, house: EventConversationsSetup, event_id: str) -> None:
        self._setup = house
        self._event_id = event_id
        self._groups = house.core.conversations

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        await self._groups.ensure_group(conversation_id, creator, name)

    async def add_by_rule(self, conversation_id: str, user: UserCard) -> None:
        await self._setup.set_rsvp(self._event_id, user.id, "NOT_GOING")
        await self._groups.remove_by_rule(conversation_id, user)
        await self._groups.add_by_rule(conversation_id, user)

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        await self._groups.remove_by_rule(conversation_id, user)


async def test_rsvp_changed_during_update_is_applied(house: EventConversationsSetup) -> None:
    """Another instance has read on and let them go already: they are not left in for it."""
    creator, guest, *_ = house.user_ids
    event_id = await house.create_event(creator)
    await house.set_rsvp(event_id, guest, "GOING")
    await house.make_consumer(RsvpChangingGroups(house, event_id)).handle(await house.read_all_events(), None)

    assert await house.get_members(event_id) == {creator}

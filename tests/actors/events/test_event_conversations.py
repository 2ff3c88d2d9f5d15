"""Event conversations: created once; members are the hosts and the users going."""

import random

import pytest

from actors.conversations import roster
from actors.conversations.serializers import to_user_card
from actors.events.event_conversations import CHECKS_MAX
from actors.events.serializers import event_conversation_id
from storage.contracts.events import EventChange
from storage.contracts.message_log import MessageEntry
from tests.actors.domain_events.reader_fixtures import make_reader, run_readers
from tests.actors.events.conftest import EventConversationsSetup
from tests.actors.events.interfering_groups import (
    EndlesslyChangingGroups,
    EventDeletingGroups,
    OverloadedGroups,
    RsvpChangingGroups,
)
from tests.until import until

STATUSES = ("GOING", "INTERESTED", "MAYBE", "NOT_GOING")


async def group_state(setup: EventConversationsSetup, event_id: str) -> object:
    """A conversation's document without its last message, which is written later."""
    found = await setup.get_group(event_id)
    assert found is not None
    return found.name, found.participants, found.admins, found.created_at_ms, found.applied_seq


async def test_creating_an_event_creates_its_group(setup: EventConversationsSetup) -> None:
    """The group has the event's title, and the creator as admin and first member."""
    creator, *_ = setup.user_ids
    event_id = await setup.create_event(creator, "Boules " * 20)
    await setup.catch_up()
    group = await setup.get_group(event_id)

    assert group is not None
    assert (group.type, group.name) == ("GROUP", ("Boules " * 20)[:100])
    assert group.participants == group.admins == (creator,)


async def test_group_is_created_once(setup: EventConversationsSetup) -> None:
    """Repeated and concurrent handling leaves an existing conversation unchanged."""
    creator, attendee, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.catch_up()
    await setup.set_rsvp(event_id, attendee, "GOING")
    await setup.catch_up()
    before = await group_state(setup, event_id)
    other = setup.make_consumer((await setup.cluster.start_instance()).conversations)
    for event in await setup.read_all_events():
        await other.handle([event], None)
        await setup.consumer.handle([event], None)

    assert await group_state(setup, event_id) == before
    assert len(setup.cluster.messaging._conversations) == 1


async def test_name_follows_the_title(setup: EventConversationsSetup) -> None:
    """With a SYSTEM message for each change, until an admin has given the group another name."""
    creator, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.catch_up()
    for title in ("Chess", "Cards"):
        await setup.events.change(event_id, EventChange(title=title))
        await setup.events.change(event_id, EventChange(category=title))
        await setup.catch_up()
        group = await setup.get_group(event_id)
        assert group is not None
        assert group.name == title
    entries = await setup.cluster.messaging.read(event_conversation_id(event_id), 0, 100)
    assert [entry.content for entry in entries if isinstance(entry, MessageEntry)] == [
        f'@u{creator[:8]} changed the name to "Chess"',
        f'@u{creator[:8]} changed the name to "Cards"',
    ]
    for event in reversed(await setup.read_all_events()):
        await setup.consumer.handle([event], None)
    assert len(await setup.cluster.messaging.read(event_conversation_id(event_id), 0, 100)) == 2
    actor = to_user_card(creator, {})
    await setup.core.conversations.update(actor, event_conversation_id(event_id), "Ours", None, None)
    await setup.events.change(event_id, EventChange(title="Golf"))
    await setup.catch_up()
    group = await setup.get_group(event_id)
    assert group is not None
    assert group.name == "Ours"


async def test_cancelled_event_is_announced_once(setup: EventConversationsSetup) -> None:
    """By a SYSTEM message; the members stay, and can read and write."""
    creator, attendee, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.set_rsvp(event_id, attendee, "GOING")
    await setup.catch_up()
    await setup.events.delete(event_id, creator)
    await setup.catch_up()
    for event in await setup.read_all_events():
        await setup.consumer.handle([event], None)
    assert await setup.get_members(event_id) == {creator, attendee}
    history = await setup.core.conversations.history(
        attendee, event_conversation_id(event_id), None, None, 10
    )
    assert [(message.content, message.message_type.value) for message in history] == [
        ("This event was cancelled", "SYSTEM"),
        (f"@u{attendee[:8]} joined", "SYSTEM"),
    ]


async def test_members_are_the_users_going(setup: EventConversationsSetup) -> None:
    """Users are members exactly while their RSVP is `GOING`."""
    creator, going, interested, changing, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    for user_id, status in ((going, "GOING"), (interested, "INTERESTED"), (changing, "GOING")):
        await setup.set_rsvp(event_id, user_id, status)
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator, going, changing}
    await setup.set_rsvp(event_id, changing, "MAYBE")
    await setup.rsvps.delete_rsvp(event_id, going)
    await setup.catch_up()

    assert await setup.get_members(event_id) == {creator}


async def test_promoted_user_becomes_member(setup: EventConversationsSetup) -> None:
    """Waitlisted users become members when they are promoted."""
    creator, first, waiting, *_ = setup.user_ids
    event_id = await setup.create_event(creator, capacity=1)
    await setup.set_rsvp(event_id, first, "GOING")
    await setup.set_rsvp(event_id, waiting, "GOING")
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator, first}
    await setup.rsvps.delete_rsvp(event_id, first)
    await setup.catch_up()

    assert await setup.get_members(event_id) == {creator, waiting}


@pytest.mark.parametrize("seed", range(5))
async def test_members_match_rsvps_in_any_event_order(setup: EventConversationsSetup, seed: int) -> None:
    """Repeated and reordered events lead to the members that match the current RSVPs."""
    rng = random.Random(seed)
    creator, *attendees = setup.user_ids
    event_id = await setup.create_event(creator)
    last: dict[str, str] = {}
    for _ in range(25):
        user_id = rng.choice(setup.user_ids)
        last[user_id] = rng.choice(STATUSES)
        await setup.set_rsvp(event_id, user_id, last[user_id])
    events = await setup.read_all_events()
    for event in rng.sample([*events, *events], len(events) * 2):
        await setup.consumer.handle([event], None)

    going = {user_id for user_id in attendees if last.get(user_id) == "GOING"}
    assert await setup.get_members(event_id) == {creator, *going}
    before = len(await setup.cluster.messaging.read(event_conversation_id(event_id), 0, 10_000))
    await setup.consumer.handle(events, None)
    assert len(await setup.cluster.messaging.read(event_conversation_id(event_id), 0, 10_000)) == before


async def test_creator_is_never_removed(setup: EventConversationsSetup) -> None:
    """The creator stays a member without a `GOING` RSVP."""
    creator, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    for status in ("GOING", "NOT_GOING"):
        await setup.set_rsvp(event_id, creator, status)
        await setup.catch_up()
        assert await setup.get_members(event_id) == {creator}
    await setup.rsvps.delete_rsvp(event_id, creator)
    await setup.catch_up()

    assert await setup.get_members(event_id) == {creator}


async def test_deleted_events_and_users_are_skipped(setup: EventConversationsSetup) -> None:
    """Events of deleted events, creators or attendees are skipped without failure."""
    creator, other, deleted_user, attendee, *_ = setup.user_ids
    deleted = await setup.create_event(creator)
    await setup.set_rsvp(deleted, attendee, "GOING")
    await setup.events.delete(deleted, creator)
    orphan, event_id = await setup.create_event(deleted_user), await setup.create_event(other)
    for user_id in (deleted_user, attendee):
        await setup.set_rsvp(event_id, user_id, "GOING")
    setup.user_source.deleted_ids.add(deleted_user)
    await setup.catch_up()

    assert await setup.get_group(deleted) is await setup.get_group(orphan) is None
    assert await setup.get_members(event_id) == {other, attendee}
    assert await setup.database.cursors.dead_letter_count() == 0


async def test_full_group_does_not_block_other_events(
    setup: EventConversationsSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who does not fit is skipped; later users and other events are processed."""
    monkeypatch.setattr(roster, "PARTICIPANTS_MAX", 3)
    creator, *attendees = setup.user_ids
    event_id, other_id = await setup.create_event(creator), await setup.create_event(creator)
    for user_id in attendees:
        await setup.set_rsvp(event_id, user_id, "GOING")
    await setup.set_rsvp(other_id, attendees[-1], "GOING")
    await setup.rsvps.delete_rsvp(event_id, attendees[0])
    await setup.catch_up()

    members = await setup.get_members(event_id)
    assert len(members) == 3
    assert creator in members
    assert members <= {creator, *attendees[1:]}
    assert await setup.get_members(other_id) == {creator, attendees[-1]}
    assert await setup.database.cursors.dead_letter_count() == 0


async def test_overloaded_conversations_are_retried(setup: EventConversationsSetup) -> None:
    """`server.overloaded` is retried and creates no dead letter."""
    creator, attendee, *_ = setup.user_ids
    busy = OverloadedGroups(setup)
    event_id = await setup.create_event(creator)
    await setup.set_rsvp(event_id, attendee, "GOING")
    reader = make_reader(setup.make_consumer(busy), setup.database, setup.database)
    async with run_readers(reader):
        await until(lambda: reader.statistics().handled == 2)

    assert busy.attempts == 4
    assert await setup.get_members(event_id) == {creator, attendee}
    assert await setup.database.cursors.dead_letter_count() == 0


async def test_rsvp_changed_during_update_is_applied(setup: EventConversationsSetup) -> None:
    """A user whose RSVP is withdrawn during the update is removed again."""
    creator, attendee, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.set_rsvp(event_id, attendee, "GOING")
    await setup.make_consumer(RsvpChangingGroups(setup, event_id)).handle(await setup.read_all_events(), None)

    assert await setup.get_members(event_id) == {creator}


async def test_endlessly_changing_rsvp_does_not_block_other_events(setup: EventConversationsSetup) -> None:
    """The update stops after a few changes, each of which has an event of its own."""
    creator, attendee, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.set_rsvp(event_id, attendee, "GOING")
    groups = EndlesslyChangingGroups(setup, event_id)
    await setup.make_consumer(groups).handle(await setup.read_all_events(), None)

    assert groups.changes == CHECKS_MAX


async def test_event_deleted_during_update_keeps_its_members(setup: EventConversationsSetup) -> None:
    """The RSVP is gone with the event, which does not remove the user."""
    creator, attendee, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.set_rsvp(event_id, attendee, "GOING")
    consumer = setup.make_consumer(EventDeletingGroups(setup, event_id))
    await consumer.handle(await setup.read_all_events(), None)
    await setup.catch_up()

    assert await setup.get_members(event_id) == {creator, attendee}


async def test_cohosts_are_members_regardless_of_their_rsvp(setup: EventConversationsSetup) -> None:
    """A former co-host stays only if they go."""
    creator, first, second, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    for host in (first, second):
        await setup.hosts.add_host(event_id, host)
    await setup.set_rsvp(event_id, first, "GOING")
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator, first, second}
    await setup.set_rsvp(event_id, first, "MAYBE")
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator, first, second}
    await setup.set_rsvp(event_id, first, "GOING")
    for host in (first, second):
        await setup.hosts.remove_host(event_id, host)
    await setup.catch_up()

    assert await setup.get_members(event_id) == {creator, first}


async def test_cancellation_is_announced_once(setup: EventConversationsSetup) -> None:
    """With its reason; members stay, and deleting the event later adds no message."""
    creator, attendee, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.set_rsvp(event_id, attendee, "GOING")
    await setup.catch_up()
    await setup.hosts.cancel(event_id, creator, "rain")
    await setup.catch_up()
    await setup.events.delete(event_id, creator)
    await setup.catch_up()
    entries = await setup.cluster.messaging.read(event_conversation_id(event_id), 0, 100)

    assert [entry.content for entry in entries if isinstance(entry, MessageEntry)][-1:] == [
        "This event was cancelled: rain"
    ]
    assert sum("cancelled" in entry.content for entry in entries if isinstance(entry, MessageEntry)) == 1
    assert await setup.get_members(event_id) == {creator, attendee}


async def test_announcement_is_a_message_of_the_conversation(setup: EventConversationsSetup) -> None:
    """A SYSTEM message, once for each announcement."""
    creator, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    for _ in range(2):
        await setup.attendance.announce(event_id, creator, "Bring cups", None)
    await setup.catch_up()
    for event in await setup.read_all_events():
        await setup.consumer.handle([event], None)
    entries = await setup.cluster.messaging.read(event_conversation_id(event_id), 0, 100)

    assert [(entry.content, entry.message_type) for entry in entries if isinstance(entry, MessageEntry)] == [
        ("Announcement: Bring cups", "SYSTEM")
    ] * 2

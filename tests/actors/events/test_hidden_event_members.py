"""The conversation of an event that moderators hide: its creator is the only member until they restore it."""

import pytest

from actors.conversations.commands import AddMember
from actors.conversations.serializers import to_user_card
from actors.events import hidden_event_members
from actors.events.serializers import event_conversation_id
from actors.protocol.errors import ApiError
from storage.contracts.events import EventChange
from storage.contracts.message_log import MessageEntry
from storage.postgres.contents import PostgresContents
from tests.actors.events.conftest import EventConversationsSetup


async def set_hidden(setup: EventConversationsSetup, event_id: str, *, hidden: bool) -> None:
    assert await PostgresContents.for_events(setup.database.pool).set_hidden(event_id, hidden=hidden)


async def test_conversation_of_hidden_event_has_no_member_but_the_creator(
    setup: EventConversationsSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also no co-host; a restored event has the members again who go, in a few entries."""
    monkeypatch.setattr(hidden_event_members, "MEMBERS_PER_CHANGE", 2)
    creator, cohost, going, withdrawing, leaving, _ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.hosts.add_host(event_id, cohost)
    for user in (going, withdrawing, leaving):
        await setup.set_rsvp(event_id, user, "GOING")
    await setup.catch_up()
    await setup.core.conversations.remove_member(
        to_user_card(leaving, {}), event_conversation_id(event_id), leaving
    )
    head = len(await setup.cluster.messaging.read(event_conversation_id(event_id), 0, 100))
    await set_hidden(setup, event_id, hidden=True)
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator}
    with pytest.raises(ApiError, match=r"permission\.denied"):
        await setup.core.conversations.change_membership(
            event_conversation_id(event_id), AddMember(to_user_card(creator, {}), to_user_card(going, {}))
        )
    await setup.rsvps.delete_rsvp(event_id, withdrawing)
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator}
    await set_hidden(setup, event_id, hidden=False)
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator, cohost, going}
    group = await setup.get_group(event_id)
    assert group is not None
    assert group.admins == (creator,)
    entries = await setup.cluster.messaging.read(event_conversation_id(event_id), head, 100)
    assert [entry.content for entry in entries if isinstance(entry, MessageEntry)] == [
        "Moderators have hidden this event",
        "Moderators have hidden this event",
        "Moderators have restored this event",
        "Moderators have restored this event",
    ]
    for event in reversed(await setup.read_all_events()):
        await setup.consumer.handle([event], None)
    assert await setup.get_members(event_id) == {creator, cohost, going}


async def test_user_who_goes_to_an_event_that_is_hidden_is_not_added(setup: EventConversationsSetup) -> None:
    """The answer is handled after the event was hidden. Its group is created when it is restored."""
    creator, going, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.set_rsvp(event_id, going, "GOING")
    await set_hidden(setup, event_id, hidden=True)
    await setup.catch_up()
    assert await setup.get_members(event_id) <= {creator}
    await set_hidden(setup, event_id, hidden=False)
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator, going}


async def test_creator_of_a_hidden_event_without_attendees_is_admin_again_after_it(
    setup: EventConversationsSetup,
) -> None:
    """The creator has the role also if there is no one to add."""
    creator, invited, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.catch_up()
    added = AddMember(to_user_card(creator, {}), to_user_card(invited, {}))
    await set_hidden(setup, event_id, hidden=True)
    await setup.catch_up()
    with pytest.raises(ApiError, match=r"permission\.denied"):
        await setup.core.conversations.change_membership(event_conversation_id(event_id), added)
    await set_hidden(setup, event_id, hidden=False)
    await setup.catch_up()
    await setup.core.conversations.change_membership(event_conversation_id(event_id), added)
    assert await setup.get_members(event_id) == {creator, invited}


async def test_announcement_of_hidden_event_is_not_delivered(setup: EventConversationsSetup) -> None:
    """Also if it was made before the event was hidden."""
    creator, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.catch_up()
    await setup.attendance.announce(event_id, creator, "Bring cups", None)
    await set_hidden(setup, event_id, hidden=True)
    await setup.catch_up()
    entries = await setup.cluster.messaging.read(event_conversation_id(event_id), 0, 100)
    assert [entry.content for entry in entries if isinstance(entry, MessageEntry)] == [
        "Moderators have hidden this event"
    ]


async def test_title_that_changed_before_the_event_was_hidden_renames_its_conversation(
    setup: EventConversationsSetup,
) -> None:
    """The change is handled while the event is hidden; members see the name once it is restored."""
    creator, going, *_ = setup.user_ids
    event_id = await setup.create_event(creator)
    await setup.set_rsvp(event_id, going, "GOING")
    await setup.catch_up()
    await setup.events.change(event_id, EventChange(title="Chess"))
    await set_hidden(setup, event_id, hidden=True)
    await setup.catch_up()
    assert await setup.get_members(event_id) == {creator}
    await set_hidden(setup, event_id, hidden=False)
    await setup.catch_up()
    group = await setup.get_group(event_id)
    assert group is not None
    assert (group.name, set(group.participants)) == ("Chess", {creator, going})

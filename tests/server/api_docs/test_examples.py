"""The examples of the AsyncAPI document are what the real serializers and templates produce."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from actors.accounts.serializers import to_own_user
from actors.conversations.commands import AddMember
from actors.conversations.entries import system_entry, text_entry
from actors.conversations.message_changes import Edit, React, plan_message_change
from actors.conversations.message_validation import create_draft
from actors.conversations.roster import Roster
from actors.conversations.serializers import to_conversation, to_created_event, to_updated_event
from actors.events.serializers import to_event
from actors.notifications.notification_templates import mentioned
from actors.notifications.serializers import to_notification
from actors.posts.serializers import to_post
from actors.protocol.commands import AddReaction, EditMessage, SendMessage
from actors.protocol.errors import ERROR_SPECS
from actors.protocol.objects import ConversationType, UserCard
from actors.protocol.results import ChangeResult, SendResult
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationUpdated,
    Error,
    EventUpdated,
    FeedPostCreated,
    Goodbye,
    MessageCreated,
    MessageUpdated,
    NotificationCreated,
    Ok,
    Ready,
    UserUpdated,
)
from actors.sessions.transport import CloseCode
from server.api_docs.examples import EXAMPLES
from server.websocket.close_handshake import RESUMABLE_CODES
from storage.contracts.event_hosting import EventDetails
from storage.contracts.events import EventRecord
from storage.contracts.identifiers import entry_id
from storage.contracts.message_log import MessageEntry
from storage.contracts.messaging import ConversationRecord, LastMessage
from storage.contracts.notifications import NotificationRecord
from storage.contracts.posts import PostRecord
from storage.contracts.user_cache import UserCardRecord
from storage.contracts.users import UserRecord

Example = TypeVar("Example", bound=msgspec.Struct)


def example(kind: type[Example]) -> Example:
    struct = EXAMPLES[kind]
    assert isinstance(struct, kind)
    return struct


JOINED = example(ConversationJoined).conversation
ANA, BEN = JOINED.participants
GROUP = ConversationRecord(
    id=JOINED.id,
    type=ConversationType.GROUP.value,
    name="Breakfast",
    participants=(ANA.id, BEN.id),
    admins=(ANA.id,),
    created_at_ms=0,
)
START = datetime(2025, 11, 24, 9, 30, tzinfo=UTC)


def timestamp_ms(minutes: int) -> int:
    return round((START + timedelta(minutes=minutes)).timestamp() * 1000)


def card_record(card: UserCard) -> UserCardRecord:
    return UserCardRecord(card.id, card.username, card.display_name, None, card.verified, is_cached=True)


def sent_entry() -> MessageEntry:
    """The entry that the `message.send` example stores."""
    command = example(SendMessage)
    draft = create_draft(ANA.id, command.client_id, command.content, command.mentions, command.reply_to)
    return msgspec.structs.replace(text_entry(GROUP.id, 42, draft), created_at_ms=timestamp_ms(1))


def edited_entry() -> MessageEntry:
    """The entry after the `message.edit` example."""
    entry = sent_entry()
    edit = Edit(entry.id, example(EditMessage).content)
    state = plan_message_change(entry, ANA.id, edit, (), timestamp_ms(2))
    assert state is not None
    return entry.with_state(state, 43)


def test_message_created_follows_from_message_send() -> None:
    """Id, content and mentions are those of the command; a new message has no readers and no reactions."""
    entry = sent_entry()
    event = to_created_event(entry, {})
    assert event == example(MessageCreated)
    assert EXAMPLES[Ok[SendResult]] == Ok(
        example(SendMessage).id, SendResult(entry.id, entry.seq, event.message.created_at, duplicate=False)
    )


def test_message_updated_follows_from_message_edit_and_reaction_add() -> None:
    """Ben reacts to the edited message; a frame names no viewer and no readers."""
    entry = edited_entry()
    assert EXAMPLES[Ok[ChangeResult]] == Ok(example(EditMessage).id, ChangeResult(entry.changed_seq))
    reaction = React(entry.id, example(AddReaction).emoji, add=True)
    state = plan_message_change(entry, BEN.id, reaction, (), timestamp_ms(3))
    assert state is not None
    assert to_updated_event(entry.with_state(state, 45), 45) == example(MessageUpdated)


def test_conversation_updated_has_the_text_of_the_roster() -> None:
    """The SYSTEM message and the delta are what adding a member to the example group produces."""
    joined = example(ConversationUpdated).changed.joined
    assert joined is not None
    (eve,) = joined
    change = AddMember(ANA, eve)
    plan = Roster(GROUP).plan_change(change)
    assert plan is not None
    entry = msgspec.structs.replace(system_entry(GROUP.id, 44, change, *plan), created_at_ms=timestamp_ms(3))
    assert to_created_event(entry, {eve.id: eve}) == example(ConversationUpdated)


def test_conversation_is_serialized_from_its_record() -> None:
    """The members, the last message and the read state are consistent."""
    record = msgspec.structs.replace(
        GROUP,
        created_at_ms=timestamp_ms(0),
        last_message=LastMessage("Good morning, @ana", BEN.id, timestamp_ms(0)),
    )
    cards = {ANA.id: ANA, BEN.id: BEN}
    assert to_conversation(record, cards, last_seq=41, read_seq=40, unread_count=1, muted=False) == JOINED


def test_notification_has_the_text_of_its_template() -> None:
    """A mention in Ben's last message, as the store returns it."""
    shown = example(NotificationCreated).notification
    new = mentioned(ANA.id, BEN, GROUP.id, entry_id(GROUP.id, JOINED.last_seq))
    record = NotificationRecord(
        id=shown.id,
        recipient_id=new.recipient_id,
        type=new.type,
        title=new.title,
        message=new.message,
        sender=card_record(BEN),
        # The store returns the message id of a notification that has no other reference.
        reference_id=new.reference_id or new.message_id,
        conversation_id=new.conversation_id,
        is_read=False,
        count=1,
        created_at=START,
    )
    assert to_notification(record, {BEN.id: BEN}) == shown


def test_post_event_and_profile_are_serialized_from_their_records() -> None:
    """The event has the conversation id that its own id determines; the viewer's own fields are absent."""
    post = example(FeedPostCreated).post
    created_at = START + timedelta(minutes=2)
    record = PostRecord(post.id, card_record(BEN), post.content, None, 0, 0, False, created_at)
    assert to_post(record, {BEN.id: BEN}, {}) == post

    event = example(EventUpdated).event
    start = datetime(2025, 11, 25, 9, tzinfo=UTC)
    assert event == to_event(
        EventRecord(
            id=event.id,
            creator=card_record(BEN),
            title="Breakfast",
            description=None,
            category="food",
            start=start,
            end=start + timedelta(minutes=90),
            capacity=8,
            going_count=2,
            interested_count=1,
            my_rsvp=None,
            my_waitlist_position=None,
        ),
        EventDetails(),
        {BEN.id: BEN},
    )

    profile = example(UserUpdated).user
    user = UserRecord(ANA.id, "ana@example.org", "ana", "Ana", "I paint.", None, True, START)
    assert profile == example(Ready).user == to_own_user(user)


def test_error_and_goodbye_use_existing_codes() -> None:
    """The error code is published, and `resume` is what the server sends with that close code."""
    assert example(Error).code in ERROR_SPECS
    goodbye = example(Goodbye)
    assert goodbye.code == CloseCode.SHUTDOWN
    assert goodbye.resume == (goodbye.code in RESUMABLE_CODES)

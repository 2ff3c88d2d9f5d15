"""Examples of every command and frame.

They are static so that the document stays the same between starts; a test builds each of the published
objects with the real serializers and compares.
"""

from typing import Final

from msgspec import Struct, structs

from actors.protocol.commands import COMMAND_STRUCTS, Authenticate, EditMessage, Resume, SendMessage
from actors.protocol.event_objects import Event
from actors.protocol.notification_objects import Notification, NotificationType
from actors.protocol.objects import (
    Conversation,
    ConversationRequest,
    ConversationType,
    DeliveryStatus,
    LastMessage,
    Message,
    MessageType,
    OwnUser,
    Reaction,
    UserCard,
)
from actors.protocol.presence import Presence, PresenceChanged
from actors.protocol.results import (
    ChangeResult,
    Empty,
    PingResult,
    ReadResult,
    SendResult,
    WatchPostsResult,
    WatchResult,
)
from actors.protocol.server_frames import (
    ConversationChanges,
    ConversationJoined,
    ConversationLeft,
    ConversationMarked,
    ConversationRequested,
    ConversationRequestRemoved,
    ConversationUpdated,
    Error,
    EventUpdated,
    FeedPostCreated,
    Goodbye,
    Hello,
    Lagged,
    MessageCreated,
    MessageUpdated,
    NotificationCreated,
    NotificationRead,
    Ok,
    PostCountsChanged,
    ReadReceipt,
    Ready,
    Resumed,
    Resync,
    TypingChanged,
    UserUpdated,
)
from actors.protocol.social_objects import Post, PostCounts
from config.limits import FRAME_BYTES, Limits
from server.event_stream import StreamReady

_ANA = "019a63d2-7c1e-7e44-9a51-6d1f0c2b8e11"
_BEN = "019a63d2-9f40-7b0a-8c3d-2e5b7a9d4f22"
_EVE = "019a63d2-b81c-7a55-8e02-3f6c8b0e5a33"
_SESSION = "019a63d8-4e5f-7061-b273-8d9e0fa1c466"
_GROUP = "6923a1f04c8e2b7d91f5c001"
# The id of an entry is a function of its conversation and its `seq`.
_EARLIER_MESSAGE = "4c8e2b7d91f5c00100000029"
_MESSAGE = "4c8e2b7d91f5c0010000002a"
_SYSTEM_MESSAGE = "4c8e2b7d91f5c0010000002c"
_EPOCH = "k3v9"
_POSITION = 118
_TIMES = tuple(f"2025-11-24T09:{minute}:00.000Z" for minute in (30, 31, 32, 33))

_LIMITS = Limits()
_ANA_CARD = UserCard(_ANA, "ana", "Ana", None, verified=True)
_BEN_CARD = UserCard(_BEN, "ben", "Ben", None, verified=False)
_EVE_CARD = UserCard(_EVE, "eve", None, None, verified=False)
_ANA_PROFILE = OwnUser(_ANA, "ana", "Ana", None, True, "I paint.", _TIMES[0], "ana@example.org")
_MESSAGE_SENT = Message(
    id=_MESSAGE,
    conversation_id=_GROUP,
    seq=42,
    changed_seq=42,
    sender_id=_ANA,
    client_id="c-7",
    content="See you at nine, @ben",
    message_type=MessageType.TEXT,
    mentions=[_BEN],
    reply_to=None,
    reactions=[],
    created_at=_TIMES[1],
    edited_at=None,
    deleted_at=None,
    delivery_status=DeliveryStatus([], 0),
)
_MESSAGE_EDITED = structs.replace(
    _MESSAGE_SENT, changed_seq=43, content="See you at ten, @ben", edited_at=_TIMES[2]
)
_MESSAGE_WITH_REACTION = structs.replace(
    _MESSAGE_EDITED, changed_seq=45, reactions=[Reaction("\N{THUMBS UP SIGN}", 1, [_BEN], mine=False)]
)
_MEMBER_ADDED_MESSAGE = Message(
    id=_SYSTEM_MESSAGE,
    conversation_id=_GROUP,
    seq=44,
    changed_seq=44,
    sender_id=_ANA,
    client_id=None,
    content="@ana added @eve",
    message_type=MessageType.SYSTEM,
    mentions=[],
    reply_to=None,
    reactions=[],
    created_at=_TIMES[3],
    edited_at=None,
    deleted_at=None,
    delivery_status=DeliveryStatus([], 0),
)
_CONVERSATION = Conversation(
    id=_GROUP,
    type=ConversationType.GROUP,
    name="Breakfast",
    member_count=2,
    participants=[_ANA_CARD, _BEN_CARD],
    admins=[_ANA],
    last_message=LastMessage("Good morning, @ana", _BEN, _TIMES[0]),
    last_seq=41,
    read_seq=40,
    unread_count=1,
    muted=False,
    created_at=_TIMES[0],
)
_NOTIFICATION = Notification(
    id="019a63d5-1b2c-7d3e-8f40-5a6b7c8d9e33",
    type=NotificationType.MENTION,
    title="You were mentioned",
    message="Ben mentioned you",
    sender=_BEN_CARD,
    reference_id=_EARLIER_MESSAGE,
    conversation_id=_GROUP,
    is_read=False,
    count=1,
    created_at=_TIMES[0],
)
_POST = Post("019a63d6-2c3d-7e4f-9051-6b7c8d9eaf44", _BEN_CARD, "First snow.", None, 0, 0, False, _TIMES[2])
_POST_COUNTS = PostCounts(_POST.id, 3, 1, 0)
_EVENT = Event(
    id="019a63d7-3d4e-7f50-a162-7c8d9eafb055",
    creator=_BEN_CARD,
    title="Breakfast",
    description=None,
    category="food",
    start_datetime="2025-11-25T09:00:00.000Z",
    end_datetime="2025-11-25T10:30:00.000Z",
    capacity=8,
    going_count=2,
    interested_count=1,
    my_rsvp=None,
    my_waitlist_position=None,
    conversation_id="d69f18dd1fbee1f647acb189",
    hosts=[_BEN_CARD],
)

_FIELDS: Final[dict[str, object]] = {
    "conversation_id": _GROUP,
    "client_id": _MESSAGE_SENT.client_id,
    "content": _MESSAGE_SENT.content,
    "message_id": _MESSAGE,
    "emoji": "\N{THUMBS UP SIGN}",
    "seq": _MESSAGE_SENT.seq,
    "status": "away",
    "user_ids": [_BEN],
    "post_ids": [_POST.id],
}
"""The required fields of commands; a name has the same meaning in each command. A flag is true."""


def _command_example(number: int, command: type[Struct]) -> Struct:
    fields = {
        info.name: True if info.type is bool else _FIELDS[info.name]
        for info in structs.fields(command)
        if info.required and info.name != "id"
    }
    return command(number, **fields)


EXAMPLES: Final[dict[type[Struct], Struct]] = {
    **{command: _command_example(number, command) for number, command in enumerate(COMMAND_STRUCTS, 1)},
    SendMessage: SendMessage(2, _GROUP, "c-7", _MESSAGE_SENT.content, [_BEN]),
    EditMessage: EditMessage(3, _GROUP, _MESSAGE, _MESSAGE_EDITED.content),
    Authenticate: Authenticate(1, "pN3x...", resume=Resume(_SESSION, _EPOCH, _POSITION, {_GROUP: 41})),
    Hello: Hello(_LIMITS.heartbeat_ms, _LIMITS.auth_timeout_ms, FRAME_BYTES, _TIMES[0]),
    Ready: Ready(1, _SESSION, _ANA_PROFILE, _EPOCH, _POSITION, 3),
    Resumed: Resumed(1, {_GROUP: 42}),
    Resync: Resync("too_far", _EPOCH, _POSITION),
    Ok[SendResult]: Ok(2, SendResult(_MESSAGE, 42, _TIMES[1], duplicate=False)),
    Ok[ChangeResult]: Ok(3, ChangeResult(43)),
    Ok[ReadResult]: Ok(7, ReadResult(42, 0)),
    Ok[Empty]: Ok(8, Empty()),
    Ok[WatchResult]: Ok(10, WatchResult([Presence(_BEN, "online", None)])),
    Ok[WatchPostsResult]: Ok(11, WatchPostsResult([_POST_COUNTS])),
    Ok[PingResult]: Ok(12, PingResult(_TIMES[3], _POSITION)),
    Error: Error(2, "rate.limited", "Too many messages.", retry=True, retry_after_ms=250),
    Goodbye: Goodbye(4001, "the server is stopping", 1200, resume=True),
    Lagged: Lagged(_GROUP, 12, 41),
    MessageCreated: MessageCreated(_GROUP, 42, _MESSAGE_SENT),
    MessageUpdated: MessageUpdated(_GROUP, 45, _MESSAGE_WITH_REACTION),
    ConversationUpdated: ConversationUpdated(
        _GROUP, 44, _MEMBER_ADDED_MESSAGE, ConversationChanges(joined=[_EVE_CARD]), 3
    ),
    ConversationJoined: ConversationJoined(_POSITION, _CONVERSATION),
    ConversationLeft: ConversationLeft(_POSITION, _GROUP),
    ConversationMarked: ConversationMarked(_POSITION, _GROUP, 42, 0),
    ConversationRequested: ConversationRequested(
        _POSITION, ConversationRequest(_GROUP, "Boules", None, _BEN_CARD, _TIMES[1])
    ),
    ConversationRequestRemoved: ConversationRequestRemoved(_POSITION, _GROUP),
    NotificationCreated: NotificationCreated(_POSITION, _NOTIFICATION, 3),
    NotificationRead: NotificationRead(_POSITION, None, 0),
    TypingChanged: TypingChanged(_GROUP, _BEN, active=True),
    FeedPostCreated: FeedPostCreated(_POST),
    PostCountsChanged: PostCountsChanged([_POST_COUNTS]),
    EventUpdated: EventUpdated(_EVENT),
    UserUpdated: UserUpdated(_ANA_PROFILE),
    PresenceChanged: PresenceChanged([Presence(_BEN, "offline", _TIMES[3])]),
    ReadReceipt: ReadReceipt(_GROUP, _BEN, 42, _TIMES[2]),
    StreamReady: StreamReady(_EPOCH, _POSITION, 3),
}

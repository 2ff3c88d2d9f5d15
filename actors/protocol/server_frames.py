"""What the server says over the socket: one tagged struct a frame type.

Durable frames carry the `seq` of their conversation's log or the `position` of their user's stream;
hints carry neither. `result` of an `ok` is one of the result structs below, never a bare dict.
"""

from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from actors.protocol.commands import FrameId
from actors.protocol.objects import Conversation, Message, OwnUser, UserCard
from actors.protocol.presence import Presence, PresenceChanged
from actors.protocol.social_objects import Event, Notification, Post

Result = TypeVar("Result")


class Hello(Struct, frozen=True, tag="hello"):
    heartbeat_ms: int
    auth_timeout_ms: int
    max_frame_bytes: int
    server_time: str


class Ready(Struct, frozen=True, tag="ready"):
    id: FrameId | None
    session_id: str
    user: OwnUser
    epoch: str
    position: int
    unread_notifications: int


class Resumed(Struct, frozen=True, tag="resumed"):
    """All that was missed has been told: each conversation is complete up to the seq named."""

    replayed: int
    last_seqs: dict[str, int]


class Resync(Struct, frozen=True, tag="resync"):
    reason: str
    epoch: str
    position: int


class SendResult(Struct, frozen=True, gc=False):
    message_id: str
    seq: int
    created_at: str
    duplicate: bool


class ChangeResult(Struct, frozen=True, gc=False):
    """`seq` is that of the change, or of the latest one where nothing changed."""

    seq: int


class ReadResult(Struct, frozen=True, gc=False):
    read_seq: int
    unread_count: int


class Empty(Struct, frozen=True, gc=False):
    """The result of what has none."""


class WatchResult(Struct, frozen=True):
    presences: list[Presence]


class PingResult(Struct, frozen=True, gc=False):
    server_time: str
    position: int


class Ok(Struct, Generic[Result], frozen=True, tag="ok"):
    id: FrameId
    result: Result


class Error(Struct, frozen=True, tag="error", omit_defaults=True):
    id: FrameId
    code: str
    detail: str
    retry: bool
    retry_after_ms: int | None = None


class Goodbye(Struct, frozen=True, tag="goodbye"):
    code: int
    reason: str
    retry_after_ms: int | None
    resume: bool


class MessageCreated(Struct, frozen=True, tag="message.created"):
    conversation_id: str
    seq: int
    message: Message


class MessageUpdated(Struct, frozen=True, tag="message.updated"):
    conversation_id: str
    seq: int
    message: Message


class ConversationChanges(Struct, frozen=True, omit_defaults=True):
    name: str | None = None
    admins: list[str] | None = None
    joined: list[UserCard] | None = None
    left: list[str] | None = None


class ConversationUpdated(Struct, frozen=True, tag="conversation.updated"):
    conversation_id: str
    seq: int
    message: Message
    changed: ConversationChanges
    member_count: int


class ConversationJoined(Struct, frozen=True, tag="conversation.joined"):
    position: int
    conversation: Conversation


class ConversationLeft(Struct, frozen=True, tag="conversation.left"):
    position: int
    conversation_id: str


class ConversationMarked(Struct, frozen=True, tag="conversation.marked"):
    position: int
    conversation_id: str
    read_seq: int
    unread_count: int


class NotificationCreated(Struct, frozen=True, tag="notification.created"):
    """Made, or counted up: the one with the same id is replaced."""

    position: int
    notification: Notification
    unread_count: int


class NotificationRead(Struct, frozen=True, tag="notification.read"):
    """`ids` is None for all of them."""

    position: int
    ids: list[str] | None
    unread_count: int


class FeedPostCreated(Struct, frozen=True, tag="feed.post_created"):
    """A hint: somebody whom one follows has posted."""

    post: Post


class EventUpdated(Struct, frozen=True, tag="event.updated"):
    """A hint: an event that one answered is another. What is one's own in it is left out."""

    event: Event


class UserUpdated(Struct, frozen=True, tag="user.updated"):
    """A hint: one's own profile is another, changed by another device."""

    user: OwnUser


class ReadReceipt(Struct, frozen=True, tag="conversation.read"):
    """A hint: somebody has read up to `seq`."""

    conversation_id: str
    user_id: str
    seq: int
    read_at: str


class TypingChanged(Struct, frozen=True, tag="typing"):
    """A hint: somebody types, or has stopped."""

    conversation_id: str
    user_id: str
    active: bool


class Lagged(Struct, frozen=True, tag="lagged"):
    conversation_id: str
    from_seq: int
    to_seq: int


LogFrame = MessageCreated | MessageUpdated | ConversationUpdated
StreamFrame = (
    ConversationJoined | ConversationLeft | ConversationMarked | NotificationCreated | NotificationRead
)
EphemeralFrame = TypingChanged | FeedPostCreated | EventUpdated | UserUpdated | PresenceChanged
SessionFrame = Hello | Ready | Resumed | Resync | Ok[msgspec.Raw] | Error | Goodbye
ServerFrame = SessionFrame | LogFrame | StreamFrame | EphemeralFrame | ReadReceipt | Lagged

server_frame_encoder = msgspec.json.Encoder()
server_frame_decoder = msgspec.json.Decoder(ServerFrame | list[ServerFrame])

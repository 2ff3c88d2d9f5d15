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
    """The first frame, with the limits of this server."""

    heartbeat_ms: int
    auth_timeout_ms: int
    max_frame_bytes: int
    server_time: str


class Ready(Struct, frozen=True, tag="ready"):
    """The connection is authenticated.

    From here on, the server pushes every event of the user. Read the state over HTTP after this frame and
    no event is missed. `id` is null if the upgrade request carried the token.
    """

    id: FrameId | None
    session_id: str
    user: OwnUser
    epoch: str
    position: int
    unread_notifications: int


class Resumed(Struct, frozen=True, tag="resumed"):
    """Everything that was missed has been sent.

    `last_seqs` maps each conversation to the `seq` up to which it is complete; `replayed` counts the frames
    that were sent again.
    """

    replayed: int
    last_seqs: dict[str, int]


class Resync(Struct, frozen=True, tag="resync"):
    """The missed events are not available: read the state over HTTP and continue from here.

    `reason` is `expired`, `epoch` or `too_far`. The server may send it at any time when a user stream
    is lost.
    """

    reason: str
    epoch: str
    position: int


class SendResult(Struct, frozen=True, gc=False):
    """The stored message; `duplicate` is set if an earlier attempt had stored it."""

    message_id: str
    seq: int
    created_at: str
    duplicate: bool


class ChangeResult(Struct, frozen=True, gc=False):
    """`seq` is that of the change, or of the latest one where nothing changed."""

    seq: int


class ReadResult(Struct, frozen=True, gc=False):
    """The read mark after the command, and the unread messages after it."""

    read_seq: int
    unread_count: int


class Empty(Struct, frozen=True, gc=False):
    """The result of what has none."""


class WatchResult(Struct, frozen=True):
    """The current presence of each watched user."""

    presences: list[Presence]


class PingResult(Struct, frozen=True, gc=False):
    """The time of the server, and the current position in the user stream."""

    server_time: str
    position: int


class Ok(Struct, Generic[Result], frozen=True, tag="ok"):
    """The command succeeded."""

    id: FrameId
    result: Result


class Error(Struct, frozen=True, tag="error", omit_defaults=True):
    """The command failed.

    `code` is one of the problem codes of the HTTP API, or `frame.unknown_type`. `retry` says whether the
    same command may succeed later, and `retry_after_ms` how long to wait.
    """

    id: FrameId
    code: str
    detail: str
    retry: bool
    retry_after_ms: int | None = None


class Goodbye(Struct, frozen=True, tag="goodbye"):
    """The server is about to close the connection.

    Sent before every close by the server while the socket still accepts data. `resume` says whether to
    reconnect and resume, and `retry_after_ms` how long to wait.
    """

    code: int
    reason: str
    retry_after_ms: int | None
    resume: bool


class MessageCreated(Struct, frozen=True, tag="message.created"):
    """A message was sent.

    The sender's own connections receive it too.
    """

    conversation_id: str
    seq: int
    message: Message


class MessageUpdated(Struct, frozen=True, tag="message.updated"):
    """A message was edited, deleted or got other reactions.

    Replace the message with the same id if its `changed_seq` is lower. `seq` equals the `changed_seq` of
    the message.
    """

    conversation_id: str
    seq: int
    message: Message


class ConversationChanges(Struct, frozen=True, omit_defaults=True):
    """What changed in a conversation; absent fields are unchanged."""

    name: str | None = None
    admins: list[str] | None = None
    joined: list[UserCard] | None = None
    left: list[str] | None = None


class ConversationUpdated(Struct, frozen=True, tag="conversation.updated"):
    """The name, the admins or the members of a conversation changed.

    `message` is the SYSTEM message about the change.
    """

    conversation_id: str
    seq: int
    message: Message
    changed: ConversationChanges
    member_count: int


class ConversationJoined(Struct, frozen=True, tag="conversation.joined"):
    """The user joined a conversation.

    Sent before any other frame of that conversation.
    """

    position: int
    conversation: Conversation


class ConversationLeft(Struct, frozen=True, tag="conversation.left"):
    """The user is no longer a member of a conversation.

    It is the last frame of that conversation.
    """

    position: int
    conversation_id: str


class ConversationMarked(Struct, frozen=True, tag="conversation.marked"):
    """The user's read mark moved.

    Keeps the user's other devices up to date.
    """

    position: int
    conversation_id: str
    read_seq: int
    unread_count: int


class NotificationCreated(Struct, frozen=True, tag="notification.created"):
    """A notification was created or grew.

    It replaces the notification with the same id.
    """

    position: int
    notification: Notification
    unread_count: int


class NotificationRead(Struct, frozen=True, tag="notification.read"):
    """Notifications were marked as read.

    `ids` is null if all of them were.
    """

    position: int
    ids: list[str] | None
    unread_count: int


class FeedPostCreated(Struct, frozen=True, tag="feed.post_created"):
    """A user whom this user follows published a post."""

    post: Post


class EventUpdated(Struct, frozen=True, tag="event.updated"):
    """An event that the user responded to changed.

    The viewer's own fields, such as `my_rsvp`, are null.
    """

    event: Event


class UserUpdated(Struct, frozen=True, tag="user.updated"):
    """The user's own profile changed."""

    user: OwnUser


class ReadReceipt(Struct, frozen=True, tag="conversation.read"):
    """A member has read the conversation up to `seq`."""

    conversation_id: str
    user_id: str
    seq: int
    read_at: str


class TypingChanged(Struct, frozen=True, tag="typing"):
    """A member started or stopped typing."""

    conversation_id: str
    user_id: str
    active: bool


class Lagged(Struct, frozen=True, tag="lagged"):
    """Events of a conversation were skipped because the client is too slow or too far behind.

    `from_seq` and `to_seq` are inclusive. Fetch them from `GET /v1/conversations/{id}/changes`.
    """

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

"""Frames that the server sends over the socket: one tagged struct per frame type.

Durable frames carry their `seq` in a conversation or their `position` in the user stream; ephemeral frames
have neither. The `result` of `ok` is a struct of `results`. The docstrings are the published documentation.
"""

from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from actors.protocol.commands import FrameId
from actors.protocol.event_objects import Event
from actors.protocol.notification_objects import Notification
from actors.protocol.objects import Conversation, ConversationRequest, Message, OwnUser, UserCard
from actors.protocol.presence import PresenceChanged
from actors.protocol.social_objects import Post, PostCounts

Result = TypeVar("Result")


class Hello(Struct, frozen=True, tag="hello"):
    """The first frame of a connection: the limits of this server."""

    heartbeat_ms: int
    auth_timeout_ms: int
    max_frame_bytes: int
    server_time: str


class Ready(Struct, frozen=True, tag="ready"):
    """The connection is authenticated.

    From here on it receives every event of the user that its `intents` select. Load the state over HTTP after
    this frame, and no change is missed. `id` is null if the upgrade request carried the token. `epoch` and
    `position` are the user stream's; they are needed to resume. The user's presence is recorded by then.
    """

    id: FrameId | None
    session_id: str
    user: OwnUser
    epoch: str
    position: int
    unread_notifications: int


class Resumed(Struct, frozen=True, tag="resumed"):
    """The missed frames have been sent, or reported as `lagged`.

    `replayed` counts them, and each `lagged` as one, but no `conversation.left` that is not of the user
    stream. Each conversation in `last_seqs` is complete up to that `seq`, except for what is `lagged`.
    """

    replayed: int
    last_seqs: dict[str, int]


class Resync(Struct, frozen=True, tag="resync"):
    """Missed frames are not available: load the state over HTTP, and continue from this position.

    `reason` is `expired` (no longer stored), `epoch` (the stream was reset) or `too_far` (too many frames).
    Also sent without a request to resume, when frames of the user stream were lost.
    """

    reason: str
    epoch: str
    position: int


class Ok(Struct, Generic[Result], frozen=True, tag="ok"):
    """The command succeeded."""

    id: FrameId
    result: Result


class Error(Struct, frozen=True, tag="error", omit_defaults=True):
    """The command failed.

    `code` is one of the error codes of the HTTP API, or `frame.unknown_type`. `retry` says whether the same
    command may succeed later; `retry_after_ms` is the minimum delay.
    """

    id: FrameId
    code: str
    detail: str
    retry: bool
    retry_after_ms: int | None = None


class Goodbye(Struct, frozen=True, tag="goodbye"):
    """The server is about to close the connection.

    Sent before every close by the server, if the socket still accepts data. `code` is the close code.
    `resume` says whether to reconnect and resume; `retry_after_ms` is the minimum delay.
    """

    code: int
    reason: str
    retry_after_ms: int | None
    resume: bool


class MessageCreated(Struct, frozen=True, tag="message.created"):
    """A message was sent.

    The sender's connections receive it too.
    """

    conversation_id: str
    seq: int
    message: Message


class MessageUpdated(Struct, frozen=True, tag="message.updated"):
    """A message has changed, for example by an edit, a deletion or a reaction.

    Replace the message with the same id if its `changed_seq` is lower. The frame's `seq` is that of the
    change; the message may have changed again since, so its `changed_seq` may be higher.
    """

    conversation_id: str
    seq: int
    message: Message


class ConversationChanges(Struct, frozen=True, omit_defaults=True):
    """The changed properties of a conversation; unchanged ones are omitted."""

    name: str | None = None
    admins: list[str] | None = None
    joined: list[UserCard] | None = None
    left: list[str] | None = None


class ConversationUpdated(Struct, frozen=True, tag="conversation.updated"):
    """The name, the admins or the members of a conversation changed.

    `message` is the SYSTEM message that describes the change.
    """

    conversation_id: str
    seq: int
    message: Message
    changed: ConversationChanges
    member_count: int


class ConversationJoined(Struct, frozen=True, tag="conversation.joined"):
    """The user joined a conversation.

    Precedes the other frames of the conversation.
    """

    position: int
    conversation: Conversation


class ConversationLeft(Struct, frozen=True, tag="conversation.left"):
    """The user left a conversation or was removed from it.

    No frame of the conversation follows, until the user joins it again.
    """

    position: int
    conversation_id: str


class ConversationMarked(Struct, frozen=True, tag="conversation.marked"):
    """The user's own read mark moved. `conversation.read` reports that of another member.

    Keeps the user's other devices up to date.
    """

    position: int
    conversation_id: str
    read_seq: int
    unread_count: int


class ConversationRequested(Struct, frozen=True, tag="conversation.requested"):
    """Someone wants to add the user to a conversation, or invite the user to an event.

    The user accepts or declines over HTTP.
    """

    position: int
    request: ConversationRequest


class ConversationRequestRemoved(Struct, frozen=True, tag="conversation.request_removed"):
    """A request is no longer open: it was accepted or declined, or a block withdrew it."""

    position: int
    conversation_id: str


class NotificationCreated(Struct, frozen=True, tag="notification.created"):
    """A notification was created, or an existing one was counted up.

    Replace a notification that has the same id. Show a `silent` one without sound or alert: it is from the
    user's quiet hours.
    """

    position: int
    notification: Notification
    unread_count: int
    silent: bool = False


class NotificationRead(Struct, frozen=True, tag="notification.read"):
    """Notifications were marked as read, or withdrawn.

    `ids` is null if all of them were marked as read. With `withdrawn` they no longer exist, because what they
    were about was taken back, deleted or hidden.
    """

    position: int
    ids: list[str] | None
    unread_count: int
    withdrawn: bool = False


class FeedPostCreated(Struct, frozen=True, tag="feed.post_created"):
    """A user that the viewer follows has posted.

    Ephemeral: may be dropped.
    """

    post: Post


class PostCountsChanged(Struct, frozen=True, tag="post.counts_changed"):
    """The counts of posts that the client watches with `post.watch` changed, or the likes of their comments.

    At most about once a second for a post. Ephemeral: may be dropped.
    """

    posts: list[PostCounts]


class EventUpdated(Struct, frozen=True, tag="event.updated"):
    """An event changed that the user hosts, has responded to, waits for, asked to go to or was invited to.

    `my_rsvp`, `my_waitlist_position` and `reminders` are null in this frame, and `my_guests` is 0: it is the
    same for all recipients.
    Ephemeral: may be dropped.
    """

    event: Event


class UserUpdated(Struct, frozen=True, tag="user.updated"):
    """The user's own profile changed.

    Ephemeral: may be dropped.
    """

    user: OwnUser


class ReadReceipt(Struct, frozen=True, tag="conversation.read"):
    """A member has read up to `seq`. `conversation.marked` reports the user's own read mark.

    Not sent in conversations with more than 100 members.

    Ephemeral: may be dropped.
    """

    conversation_id: str
    user_id: str
    seq: int
    read_at: str


class TypingChanged(Struct, frozen=True, tag="typing"):
    """A member started or stopped typing.

    Ephemeral: may be dropped.
    """

    conversation_id: str
    user_id: str
    active: bool


class Lagged(Struct, frozen=True, tag="lagged"):
    """Frames of a conversation were skipped: the client is slow or far behind, or has just joined.

    `from_seq` and `to_seq` are inclusive. Fetch the range from `GET /v1/conversations/{id}/changes`.
    """

    conversation_id: str
    from_seq: int
    to_seq: int


LogFrame = MessageCreated | MessageUpdated | ConversationUpdated
StreamFrame = (
    ConversationJoined
    | ConversationLeft
    | ConversationMarked
    | ConversationRequested
    | ConversationRequestRemoved
    | NotificationCreated
    | NotificationRead
)
EphemeralFrame = (
    TypingChanged
    | FeedPostCreated
    | PostCountsChanged
    | EventUpdated
    | UserUpdated
    | PresenceChanged
    | ReadReceipt
)
SessionFrame = Hello | Ready | Resumed | Resync | Ok[msgspec.Raw] | Error | Goodbye
ServerFrame = SessionFrame | LogFrame | StreamFrame | EphemeralFrame | Lagged

server_frame_encoder = msgspec.json.Encoder()
server_frame_decoder = msgspec.json.Decoder(ServerFrame | list[ServerFrame])

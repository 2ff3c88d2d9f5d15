"""Commands that a client sends over the socket: one tagged struct per frame type.

Decoding checks types and the bounds given here. The handler of a command, or the conversation that it is
passed to, checks permissions, and lengths after trimming. The docstrings and field descriptions are the
published documentation.
"""

from collections.abc import Callable
from typing import Annotated, Final, Generic, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from actors.protocol.event_filter import EventGroup
from actors.protocol.results import (
    ChangeResult,
    Empty,
    PingResult,
    ReadResult,
    SendResult,
    WatchPostsResult,
    WatchResult,
)

FrameId = int | Annotated[str, Meta(max_length=200)]
ConversationId = Annotated[str, Meta(max_length=64)]
MessageId = Annotated[str, Meta(max_length=64)]
ClientId = Annotated[str, Meta(min_length=1, max_length=200)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]
Emoji = Annotated[str, Meta(max_length=200, description="A reaction of the message, at most 32 characters.")]
Content = Annotated[str, Meta(description="1 to 4,000 characters after trimming surrounding whitespace.")]

ResultT_co = TypeVar("ResultT_co", bound=Struct, covariant=True)


class ClientCommand(Struct, Generic[ResultT_co], frozen=True):
    """A command of an authenticated client, and the result that `ok` returns."""

    id: FrameId


class Resume(Struct, frozen=True):
    """The state of a client that was disconnected."""

    session_id: Annotated[
        str, Meta(max_length=200, description="The `session_id` of the last `ready`. Not used by the server.")
    ]
    epoch: Annotated[str, Meta(max_length=200, description="The epoch of the user stream.")]
    position: Annotated[
        int, Meta(ge=0, le=2**53, description="The last position of the user stream that was received.")
    ]
    conversations: Annotated[
        dict[ConversationId, Seq],
        Meta(
            max_length=1500,
            description="The last `seq` received per conversation, the most active conversations first. "
            "Missed frames of conversations that are not listed are not replayed.",
        ),
    ]


class Authenticate(Struct, frozen=True, tag="authenticate"):
    """Authenticate, and optionally resume.

    Must be the first frame, unless the upgrade request carried an `Authorization: Bearer` header; other
    commands are rejected with `auth.required` before `ready`. After such an upgrade, `authenticate` as the
    first frame sets `intents` or resumes: `token` is ignored, and the server sends `ready` again. A
    connection that is authenticated otherwise rejects the command with `request.invalid`.

    With `resume`, the missed frames follow `ready` in order, then `resumed`. If they are no longer available,
    `resync` follows instead. A conversation that the user has left is reported as `conversation.left`.
    """

    id: FrameId
    token: Annotated[str, Meta(max_length=200, description="The access token of the session.")] | None = None
    intents: (
        Annotated[
            list[EventGroup],
            Meta(
                max_length=50,
                description="The groups of events to receive. Other groups are not sent; frames that belong "
                "to no group are always sent. Omitted or null: all events.",
            ),
        ]
        | None
    ) = None
    resume: Resume | None = None


class SendMessage(ClientCommand[SendResult], frozen=True, tag="message.send"):
    """Send a message.

    `ok` confirms that the message is durable. Sending is idempotent per `client_id`: a retry returns the
    first result with `duplicate: true`. A retry with a different content, mentions or reply_to fails with
    `idempotency.conflict`. Sending also marks the conversation as read up to the new message.
    """

    conversation_id: ConversationId
    client_id: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            description="Idempotency key chosen by the client.",
        ),
    ]
    content: Content
    mentions: Annotated[
        list[Annotated[str, Meta(max_length=64)]],
        Meta(max_length=100, description="The ids of the mentioned users."),
    ] = []
    reply_to: (
        Annotated[str, Meta(max_length=64, description="The id of the message this one replies to.")] | None
    ) = None


class EditMessage(ClientCommand[ChangeResult], frozen=True, tag="message.edit"):
    """Edit a message.

    Only its author may. An edit that changes nothing consumes no `seq`; the result holds the latest one.
    """

    conversation_id: ConversationId
    message_id: MessageId
    content: Content


class DeleteMessage(ClientCommand[ChangeResult], frozen=True, tag="message.delete"):
    """Delete a message.

    Its author and the admins of the conversation may; silenced users only as its author. A deletion that
    changes nothing consumes no `seq`; the result holds the latest one.
    """

    conversation_id: ConversationId
    message_id: MessageId


class AddReaction(ClientCommand[ChangeResult], frozen=True, tag="reaction.add"):
    """Add a reaction to a message.

    Adding a reaction that exists consumes no `seq`; the result holds the latest one.
    """

    conversation_id: ConversationId
    message_id: MessageId
    emoji: Annotated[
        str,
        Meta(
            max_length=200,
            description="Exactly one emoji of Unicode's emoji-test data. Forms that differ in variation "
            "selectors are one reaction. A message holds at most 20 different ones, and 1,000 reactions in "
            "all.",
        ),
    ]


class RemoveReaction(ClientCommand[ChangeResult], frozen=True, tag="reaction.remove"):
    """Remove a reaction from a message.

    Removing a reaction that does not exist consumes no `seq`; the result holds the latest one.
    """

    conversation_id: ConversationId
    message_id: MessageId
    emoji: Emoji


class ReadConversation(ClientCommand[ReadResult], frozen=True, tag="conversation.read"):
    """Mark a conversation as read up to `seq`.

    The read mark only moves forward, and at most to the last `seq` of the conversation.
    """

    conversation_id: ConversationId
    seq: Seq


class Typing(ClientCommand[Empty], frozen=True, tag="typing"):
    """Report that the user started or stopped typing.

    Repeat it while the user types; the server ends the indicator 6 seconds after the last report.
    Conversations with more than 100 members have no typing indicators; the command succeeds and does nothing.
    """

    conversation_id: ConversationId
    active: bool


class SetPresence(ClientCommand[Empty], frozen=True, tag="presence.set"):
    """Set the presence of this connection.

    A user is away when all of the user's connections are away.
    """

    status: Literal["online", "away"]


class WatchPresence(ClientCommand[WatchResult], frozen=True, tag="presence.watch"):
    """Subscribe to the presence of users.

    Returns their current presence, and sends `presence.changed` from then on. The list replaces the previous
    one. Users that the caller neither follows, is followed by, nor shares a conversation with, and blocked
    ones, are reported as offline and not watched. A user who becomes one of these is not reported any more.
    """

    user_ids: Annotated[
        list[Annotated[str, Meta(max_length=64)]],
        Meta(max_length=200, description="At most 200 user ids."),
    ]


class WatchPosts(ClientCommand[WatchPostsResult], frozen=True, tag="post.watch"):
    """Subscribe to the counts of posts, such as those on screen.

    Returns their current counts, and sends `post.counts_changed` from then on. The list replaces the previous
    one. Posts that the caller cannot see are left out. Watch the original of a repost.
    """

    post_ids: Annotated[
        list[Annotated[str, Meta(max_length=64)]],
        Meta(max_length=100, description="At most 100 post ids."),
    ]


class Ping(ClientCommand[PingResult], frozen=True, tag="ping"):
    """Check the connection.

    The result holds the server's time and the position of the user stream, so that a client can detect a
    missed frame. Protocol-level pings of RFC 6455 are answered too.
    """


MessageChangeCommand = EditMessage | DeleteMessage | AddReaction | RemoveReaction
Command = (
    Authenticate
    | SendMessage
    | MessageChangeCommand
    | ReadConversation
    | Typing
    | SetPresence
    | WatchPresence
    | WatchPosts
    | Ping
)


class CommandEnvelope(Struct, frozen=True):
    """The fields common to all client frames; decoded only to report an invalid frame.

    An `id` of any length, so that one that is too long gets an error too.
    """

    id: int | str
    type: object = None


COMMAND_STRUCTS: Final[tuple[type[Struct], ...]] = get_args(Command)


def frame_type(command: type[Struct]) -> str:
    """Return the tag of a struct, which is the `type` of its frames."""
    return str(command.__struct_config__.tag)


COMMAND_TYPES: Final = frozenset(map(frame_type, COMMAND_STRUCTS))


def result_type(command: type[ClientCommand[ResultT_co]]) -> type[ResultT_co]:
    """Return the struct of the `result` of `ok`."""
    (base,) = vars(command)["__orig_bases__"]
    result: type[ResultT_co]
    (result,) = get_args(base)
    return result


class CommandDecoders(Struct, frozen=True):
    """Decoders of one encoding. Both raise `msgspec.DecodeError`."""

    command: Callable[[bytes], Command]
    envelope: Callable[[bytes], CommandEnvelope]


json_decoders = CommandDecoders(
    msgspec.json.Decoder(Command).decode, msgspec.json.Decoder(CommandEnvelope).decode
)
msgpack_decoders = CommandDecoders(
    msgspec.msgpack.Decoder(Command).decode, msgspec.msgpack.Decoder(CommandEnvelope).decode
)

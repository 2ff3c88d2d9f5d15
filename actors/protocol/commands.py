"""What a client may say over the socket: one tagged struct a frame type.

Decoding one is its validation of shape; lengths after trimming and permissions are checked by who acts
on it. Nothing here acts.
"""

from collections.abc import Callable
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from actors.protocol.event_filter import EventGroup

FrameId = int | Annotated[str, Meta(max_length=200)]
ConversationId = Annotated[str, Meta(max_length=64)]
MessageId = Annotated[str, Meta(max_length=64)]
ClientId = Annotated[str, Meta(min_length=1, max_length=200)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]


class Resume(Struct, frozen=True):
    """The position up to which a client has received everything.

    `session_id`, `epoch` and `position` come from the last `ready` and stream frame; `conversations`
    maps each conversation to the last `seq` received.
    """

    session_id: Annotated[str, Meta(max_length=200)]
    epoch: Annotated[str, Meta(max_length=200)]
    position: Seq
    conversations: Annotated[dict[ConversationId, Seq], Meta(max_length=1500)]


class Authenticate(Struct, frozen=True, tag="authenticate"):
    """Authenticate the connection, and optionally choose events and resume.

    Required as the first frame unless the upgrade request carried a bearer token; the reply is `ready`.
    `intents` selects the groups of events that the server pushes; without it, all are pushed. With
    `resume`, the missed frames follow `ready` in order and end with `resumed`; `resync` is sent instead of
    them if they are no longer available. A conversation that `resume` does not list starts at its
    current position; one that the user has left is reported by `conversation.left`.

    After a bearer upgrade, the first frame may be an `authenticate` without a token that sets `intents` or
    resumes: it is answered by a second `ready`. Any other `authenticate` on an authenticated connection is
    refused with `request.invalid`.
    """

    id: FrameId
    token: Annotated[str, Meta(max_length=200)] | None = None
    intents: Annotated[list[EventGroup], Meta(max_length=50)] | None = None
    resume: Resume | None = None


class SendMessage(Struct, frozen=True, tag="message.send"):
    """Send a message.

    `ok` means that the message is stored. `client_id` makes the command idempotent: a retry returns the
    first result with `duplicate` set, and a retry with a different `content`, `mentions` or `reply_to` is
    refused with `idempotency.conflict`. `content` has 1 to `max_message_characters` characters after
    trimming. Sending also marks the conversation as read up to the new message.
    """

    id: FrameId
    conversation_id: ConversationId
    client_id: ClientId
    content: str
    mentions: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=100)] = []
    reply_to: Annotated[str, Meta(max_length=64)] | None = None


class EditMessage(Struct, frozen=True, tag="message.edit"):
    """Replace the text of a message.

    Only the author may do this. An edit that changes nothing takes no `seq` and returns the latest one.
    """

    id: FrameId
    conversation_id: ConversationId
    message_id: MessageId
    content: str


class DeleteMessage(Struct, frozen=True, tag="message.delete"):
    """Delete a message.

    The author and the admins of the conversation may do this. Deleting twice takes no second `seq`.
    """

    id: FrameId
    conversation_id: ConversationId
    message_id: MessageId


class AddReaction(Struct, frozen=True, tag="reaction.add"):
    """Add a reaction to a message.

    A message has at most `max_emojis_per_message` different emojis. Adding a reaction that is already there
    takes no `seq` and returns the latest one.
    """

    id: FrameId
    conversation_id: ConversationId
    message_id: MessageId
    emoji: Annotated[str, Meta(max_length=200)]


class RemoveReaction(Struct, frozen=True, tag="reaction.remove"):
    """Remove a reaction from a message.

    Removing a reaction that is not there takes no `seq` and returns the latest one.
    """

    id: FrameId
    conversation_id: ConversationId
    message_id: MessageId
    emoji: Annotated[str, Meta(max_length=200)]


class ReadConversation(Struct, frozen=True, tag="conversation.read"):
    """Mark a conversation as read up to a `seq`.

    The mark only moves forward, and at most to the last `seq` of the conversation.
    """

    id: FrameId
    conversation_id: ConversationId
    seq: Seq


class Typing(Struct, frozen=True, tag="typing"):
    """Report that the user started or stopped typing.

    Repeat it while typing continues: the indicator ends `typing_timeout_ms` after the last one.
    Conversations with more than `max_typing_members` members show no typing indicators.
    """

    id: FrameId
    conversation_id: ConversationId
    active: bool


class SetPresence(Struct, frozen=True, tag="presence.set"):
    """Set the presence of this connection."""

    id: FrameId
    status: Literal["online", "away"]


class WatchPresence(Struct, frozen=True, tag="presence.watch"):
    """Watch the presence of users.

    The list replaces the previous one. Presence is visible for users whom the caller follows, is followed
    by or shares a conversation with; all others appear offline.
    """

    id: FrameId
    user_ids: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=200)]


class Ping(Struct, frozen=True, tag="ping"):
    """Ask for a reply, to check that the connection works."""

    id: FrameId


MessageChangeCommand = EditMessage | DeleteMessage | AddReaction | RemoveReaction
Command = (
    Authenticate
    | SendMessage
    | MessageChangeCommand
    | ReadConversation
    | Typing
    | SetPresence
    | WatchPresence
    | Ping
)


class CommandEnvelope(Struct, frozen=True):
    """The least that every client frame has; read only when the whole of it was not valid."""

    id: FrameId
    type: object = None


COMMAND_TYPES = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Command))


class CommandDecoders(Struct, frozen=True):
    """How the frames of one encoding are read. Both raise `msgspec.DecodeError`."""

    command: Callable[[bytes], Command]
    envelope: Callable[[bytes], CommandEnvelope]


json_decoders = CommandDecoders(
    msgspec.json.Decoder(Command).decode, msgspec.json.Decoder(CommandEnvelope).decode
)
msgpack_decoders = CommandDecoders(
    msgspec.msgpack.Decoder(Command).decode, msgspec.msgpack.Decoder(CommandEnvelope).decode
)

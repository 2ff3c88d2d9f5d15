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
    session_id: Annotated[str, Meta(max_length=200)]
    epoch: Annotated[str, Meta(max_length=200)]
    position: Seq
    conversations: Annotated[dict[ConversationId, Seq], Meta(max_length=1500)]


class Authenticate(Struct, frozen=True, tag="authenticate"):
    id: FrameId
    token: Annotated[str, Meta(max_length=200)] | None = None
    intents: Annotated[list[EventGroup], Meta(max_length=50)] | None = None
    resume: Resume | None = None


class SendMessage(Struct, frozen=True, tag="message.send"):
    id: FrameId
    conversation_id: ConversationId
    client_id: ClientId
    content: str
    mentions: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=100)] = []
    reply_to: Annotated[str, Meta(max_length=64)] | None = None


class EditMessage(Struct, frozen=True, tag="message.edit"):
    id: FrameId
    conversation_id: ConversationId
    message_id: MessageId
    content: str


class DeleteMessage(Struct, frozen=True, tag="message.delete"):
    id: FrameId
    conversation_id: ConversationId
    message_id: MessageId


class AddReaction(Struct, frozen=True, tag="reaction.add"):
    id: FrameId
    conversation_id: ConversationId
    message_id: MessageId
    emoji: Annotated[str, Meta(max_length=200)]


class RemoveReaction(Struct, frozen=True, tag="reaction.remove"):
    id: FrameId
    conversation_id: ConversationId
    message_id: MessageId
    emoji: Annotated[str, Meta(max_length=200)]


class ReadConversation(Struct, frozen=True, tag="conversation.read"):
    id: FrameId
    conversation_id: ConversationId
    seq: Seq


class Typing(Struct, frozen=True, tag="typing"):
    id: FrameId
    conversation_id: ConversationId
    active: bool


class SetPresence(Struct, frozen=True, tag="presence.set"):
    id: FrameId
    status: Literal["online", "away"]


class WatchPresence(Struct, frozen=True, tag="presence.watch"):
    id: FrameId
    user_ids: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=200)]


class Ping(Struct, frozen=True, tag="ping"):
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

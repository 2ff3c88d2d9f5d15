"""Frames of the server, as far as they are checked: one loose struct for all types, and the events.

Looser than the protocol structs on purpose: unused fields cost nothing to decode, and a missing field is
found by the check that needs it.
"""

from typing import Final

import msgspec

DURABLE_TYPES: Final = frozenset({"message.created", "message.updated", "conversation.updated"})
STREAM_TYPES: Final = frozenset(
    {
        "conversation.joined",
        "conversation.left",
        "conversation.marked",
        "notification.created",
        "notification.read",
    }
)


class FrameMessage(msgspec.Struct, frozen=True):
    id: str
    seq: int
    sender_id: str = ""
    client_id: str | None = None
    message_type: str = "TEXT"
    deleted_at: str | None = None


class FrameConversation(msgspec.Struct, frozen=True):
    id: str
    last_seq: int = 0


class FrameResult(msgspec.Struct, frozen=True, gc=False):
    """The result of any `ok`."""

    message_id: str = ""
    seq: int = 0
    read_seq: int = 0
    unread_count: int = 0
    position: int = 0
    duplicate: bool = False


class ReceivedFrame(msgspec.Struct, frozen=True):
    """Any frame of the server."""

    type: str
    id: int | str | None = None
    conversation_id: str = ""
    seq: int = 0
    message: FrameMessage | None = None
    position: int = -1
    conversation: FrameConversation | None = None
    result: FrameResult | None = None
    code: int | str = ""
    detail: str = ""
    retry: bool = False
    retry_after_ms: int | None = None
    from_seq: int = 0
    to_seq: int = 0
    session_id: str = ""
    epoch: str = ""
    last_seqs: dict[str, int] | None = None
    reason: str = ""


class DurableEvent:
    """A durable frame; the same object for all clients that received the same bytes.

    `previous_seq` is the seq that must precede it. `intended_us` is when its message was scheduled, on this
    machine's monotonic clock; 0 if it is not of this run.
    """

    __slots__ = ("conversation_id", "intended_us", "previous_seq", "seq")

    def __init__(self, conversation_id: str, seq: int, intended_us: int) -> None:
        self.conversation_id = conversation_id
        self.seq = seq
        self.previous_seq = seq - 1
        self.intended_us = intended_us


class EphemeralEvent:
    """An ephemeral frame; only its type is used."""

    __slots__ = ("type",)

    def __init__(self, event_type: str) -> None:
        self.type = event_type


class ControlFrame:
    """A ping or close frame of the websocket."""

    __slots__ = ("opcode", "payload")

    def __init__(self, opcode: int, payload: bytes) -> None:
        self.opcode = opcode
        self.payload = payload


ReceivedEvent = DurableEvent | ReceivedFrame | EphemeralEvent | ControlFrame

"""Wire structs of the baselines: `message.send`, `message.created` and `ok`.

Copied field by field, so that a baseline decodes and encodes as much as Convene and does not change with it.
Lengths and permissions are not checked.
"""

from datetime import UTC, datetime

import msgspec


class SendMessage(msgspec.Struct, frozen=True, tag="message.send"):
    id: int
    conversation_id: str
    client_id: str
    content: str
    mentions: list[str] = []
    reply_to: str | None = None


class DeliveryStatus(msgspec.Struct, frozen=True):
    read_by: list[str] = []
    read_count: int = 0


class Message(msgspec.Struct, frozen=True):
    id: str
    conversation_id: str
    seq: int
    changed_seq: int
    sender_id: str
    client_id: str
    content: str
    created_at: str
    message_type: str = "TEXT"
    mentions: list[str] = []
    reply_to: str | None = None
    reactions: list[str] = []
    edited_at: str | None = None
    deleted_at: str | None = None
    delivery_status: DeliveryStatus = DeliveryStatus()


class MessageCreated(msgspec.Struct, frozen=True, tag="message.created"):
    conversation_id: str
    seq: int
    message: Message


class SendResult(msgspec.Struct, frozen=True):
    message_id: str
    seq: int
    created_at: str
    duplicate: bool


class Ok(msgspec.Struct, frozen=True, tag="ok"):
    id: int
    result: SendResult


decode = msgspec.json.Decoder(SendMessage).decode
encode = msgspec.json.Encoder().encode


def encode_replies(command: SendMessage, sender_id: str, seq: int) -> tuple[bytes, bytes]:
    """Encode the two replies to a message: `ok` for its sender, `message.created` for every member."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = Message(
        id=f"{seq:024x}",
        conversation_id=command.conversation_id,
        seq=seq,
        changed_seq=seq,
        sender_id=sender_id,
        client_id=command.client_id,
        content=command.content,
        created_at=now,
    )
    created = MessageCreated(conversation_id=command.conversation_id, seq=seq, message=message)
    result = SendResult(message_id=message.id, seq=seq, created_at=now, duplicate=False)
    return encode(Ok(id=command.id, result=result)), encode(created)

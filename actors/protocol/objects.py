"""The objects of the contract, as clients see them over HTTP and over the socket.

Times are RFC 3339 strings (see `moment`). None of them carries anything private to somebody else.
"""

from enum import StrEnum

import msgspec


class UserCard(msgspec.Struct, frozen=True, gc=False):
    """What other services keep of a user."""

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool


class User(msgspec.Struct, frozen=True, gc=False):
    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    bio: str | None
    created_at: str


class OwnUser(msgspec.Struct, frozen=True, gc=False):
    """A user as seen by that user alone: the e-mail is in it."""

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    bio: str | None
    created_at: str
    email: str


class ConversationType(StrEnum):
    DIRECT = "DIRECT"
    GROUP = "GROUP"


class MessageType(StrEnum):
    TEXT = "TEXT"
    SYSTEM = "SYSTEM"


class LastMessage(msgspec.Struct, frozen=True, gc=False):
    content: str
    sender_id: str
    timestamp: str


class Conversation(msgspec.Struct, frozen=True):
    """A conversation as one of its members sees it."""

    id: str
    type: ConversationType
    name: str | None
    member_count: int
    participants: list[UserCard]
    admins: list[str]
    last_message: LastMessage | None
    last_seq: int
    read_seq: int
    unread_count: int
    muted: bool
    created_at: str


class Reaction(msgspec.Struct, frozen=True):
    emoji: str
    count: int
    user_ids: list[str]
    mine: bool


class ReadBy(msgspec.Struct, frozen=True, gc=False):
    user_id: str
    read_at: str


class DeliveryStatus(msgspec.Struct, frozen=True):
    read_by: list[ReadBy]
    read_count: int


class Message(msgspec.Struct, frozen=True):
    """A message. `seq` is that of its creation; `changed_seq` that of its latest change."""

    id: str
    conversation_id: str
    seq: int
    changed_seq: int
    sender_id: str
    client_id: str | None
    content: str
    message_type: MessageType
    mentions: list[str]
    reply_to: str | None
    reactions: list[Reaction]
    created_at: str
    edited_at: str | None
    deleted_at: str | None
    delivery_status: DeliveryStatus


class ReadState(msgspec.Struct, frozen=True, gc=False):
    """One's own place in a conversation."""

    read_seq: int
    unread_count: int

"""The objects of the API, as clients see them over HTTP and over the socket.

Times are RFC 3339 strings (see `timestamps`).
"""

from enum import StrEnum
from typing import Literal

import msgspec


class UserCard(msgspec.Struct, frozen=True, gc=False):
    """The public summary of a user that other objects embed."""

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool


class Relationship(msgspec.Struct, frozen=True, gc=False):
    """What the caller does to a user, and whether the user follows the caller.

    `muted`: the caller mutes the user's posts, notifications, or both. `requested`: the caller has asked to
    follow the user.
    """

    following: bool
    requested: bool
    followed_by: bool
    muted: bool
    blocked: bool


class UserRelationship(Relationship, frozen=True, gc=False):
    """The relationship of the caller with one of several users."""

    user_id: str


class User(msgspec.Struct, frozen=True, gc=False):
    """The public profile of a user. `relationship` is null on the caller's own profile.

    Only followers see the posts, followers and followed users of a `private` account. The counts are as in
    `SocialStats`.
    """

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    bio: str | None
    created_at: str
    followers_count: int
    following_count: int
    posts_count: int
    relationship: Relationship | None
    private: bool = False


class OwnUser(msgspec.Struct, frozen=True, gc=False):
    """The profile of the authenticated user, with the e-mail address.

    `role` is that of moderators. Until `silenced_until` the user can read and not write; the year 9999 means
    without an end.
    """

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    bio: str | None
    created_at: str
    email: str
    private: bool = False
    role: Literal["admin", "moderator"] | None = None
    silenced_until: str | None = None


class ConversationType(StrEnum):
    DIRECT = "DIRECT"
    GROUP = "GROUP"


class MessageType(StrEnum):
    TEXT = "TEXT"
    SYSTEM = "SYSTEM"


class LastMessage(msgspec.Struct, frozen=True, gc=False):
    """The latest message of a conversation, as lists show it. `content` is empty if it was deleted."""

    content: str
    sender_id: str
    timestamp: str


class Conversation(msgspec.Struct, frozen=True):
    """A conversation as seen by one of its members.

    `participants` are the first of its `member_count` members to have joined; at most 100.
    """

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


class NewConversationResult(Conversation, frozen=True, omit_defaults=True):
    """A conversation that was created.

    The users in `requested` were asked, and join when they accept. Absent if none were.
    """

    requested: list[str] = []


class ConversationRequest(msgspec.Struct, frozen=True):
    """A request to join a conversation, or with `event_id` an invite to the event that it belongs to.

    `name` is that of the conversation or event when the request was made. A request expires after 30 days.
    """

    conversation_id: str
    name: str | None
    event_id: str | None
    requested_by: UserCard
    created_at: str


class MemberRequested(msgspec.Struct, frozen=True):
    """The user was asked, and joins when the request is accepted."""

    conversation_id: str
    user_id: str


class Audience(StrEnum):
    """`known`: people that the user follows or shares a conversation with.

    A direct conversation counts only if the user opened it or wrote in it.
    """

    EVERYONE = "everyone"
    KNOWN = "known"
    NO_ONE = "nobody"


class Privacy(msgspec.Struct, frozen=True):
    """Who may add the user to groups, and who may invite the user to events, without asking first."""

    groups: Audience
    invites: Audience


class DataExportState(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class DataExport(msgspec.Struct, frozen=True):
    """An export of what the user wrote and received.

    `url` is the path of the archive while it is `ready`: a ZIP file with a JSON array for each kind of data.
    It works without a login until `url_expires_at`. A request of the export gives a new one until
    `expires_at`, when the archive is deleted.
    """

    id: str
    state: DataExportState
    requested_at: str
    finished_at: str | None
    expires_at: str | None
    bytes: int | None
    url: str | None
    url_expires_at: str | None


class MediaKind(StrEnum):
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"


class Media(msgspec.Struct, frozen=True):
    """A file that belongs to a post or event. This version has no uploads, so there are none yet."""

    id: str
    kind: MediaKind
    content_type: str
    bytes: int
    name: str
    url: str
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    blurhash: str | None = None
    alt: str | None = None
    thumbnail_url: str | None = None


class Reaction(msgspec.Struct, frozen=True):
    """The users that reacted to a message with one emoji: their `count`, and the ids of the first 20.

    `mine`: whether the viewer is one of them. Live events are the same for all members: there it is false.
    """

    emoji: str
    count: int
    user_ids: list[str]
    mine: bool


class ReadBy(msgspec.Struct, frozen=True, gc=False):
    """A member that has read a message."""

    user_id: str
    read_at: str


class DeliveryStatus(msgspec.Struct, frozen=True):
    """Who has read a message.

    `read_by` is empty in conversations with more than 100 members. Events list and count no one.
    """

    read_by: list[ReadBy]
    read_count: int


class Message(msgspec.Struct, frozen=True):
    """A message. `changed_seq` is the `seq` of its latest change, or `seq` if there is none.

    `client_id` is null for SYSTEM messages.

    A message that moderators have hidden looks deleted and has `hidden_at`; they may restore it.
    """

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
    hidden_at: str | None = None


class ReadState(msgspec.Struct, frozen=True, gc=False):
    """The viewer's read mark in a conversation."""

    read_seq: int
    unread_count: int

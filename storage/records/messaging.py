"""Conversations, the entries of their logs, and how far each member has read.

Times are milliseconds since the epoch. An entry is never changed except in the message state that later
entries of the same log say; the log itself only grows.
"""

import msgspec


class LastMessage(msgspec.Struct, frozen=True):
    """A message as lists show it; `seq` is that of its creation."""

    content: str
    sender_id: str
    timestamp_ms: int
    seq: int = 0


class ConversationRecord(msgspec.Struct, frozen=True):
    """A conversation as its document says: the state after the entry at `applied_seq`."""

    id: str
    type: str
    name: str | None
    participants: tuple[str, ...]
    admins: tuple[str, ...]
    created_at_ms: int
    last_message: LastMessage | None = None
    last_seq: int = 0
    applied_seq: int = 0


class MembershipDelta(msgspec.Struct, frozen=True):
    """What a SYSTEM entry did to its conversation, and how many were in it afterwards."""

    member_count: int
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    name: str | None = None
    admins: tuple[str, ...] | None = None


class ReactionRecord(msgspec.Struct, frozen=True):
    emoji: str
    user_ids: tuple[str, ...]


class ReadByRecord(msgspec.Struct, frozen=True):
    user_id: str
    read_at_ms: int


class MessageEntry(
    msgspec.Struct,
    frozen=True,
    tag="message",
    # Forwarded between instances on the bus under the names that earlier versions use.
    rename={"attempt_id": "draft", "original_digest": "first"},
):
    """A message, at the seq of its creation, in its latest state.

    `draft` tells one attempt at storing from another with the same `client_id`.
    """

    id: str
    conversation_id: str
    seq: int
    changed_seq: int
    attempt_id: int
    sender_id: str
    client_id: str
    content: str
    message_type: str
    mentions: tuple[str, ...]
    reply_to: str | None
    created_at_ms: int
    edited_at_ms: int | None = None
    deleted_at_ms: int | None = None
    reactions: tuple[ReactionRecord, ...] = ()
    read_by: tuple[ReadByRecord, ...] = ()
    membership: MembershipDelta | None = None
    original_digest: str = ""
    """A digest of what it said at first, once it says something else."""


class MessageState(msgspec.Struct, frozen=True):
    """The state of a message after a change, in full, so that applying it twice is applying it once."""

    content: str
    edited_at_ms: int | None
    deleted_at_ms: int | None
    reactions: tuple[ReactionRecord, ...]
    original_digest: str = ""


class ChangeEntry(msgspec.Struct, frozen=True, tag="change"):
    """A change of an earlier message, with a seq of its own."""

    id: str
    conversation_id: str
    seq: int
    attempt_id: int
    sender_id: str
    client_id: str
    message_id: str
    state: MessageState
    created_at_ms: int


Entry = MessageEntry | ChangeEntry


class SeqConflict(msgspec.Struct, frozen=True):
    """Another writer has this seq already."""


class Duplicate(msgspec.Struct, frozen=True):
    """The (sender, client_id) is in the log already, as `entry`."""

    entry: Entry


class Appended(msgspec.Struct, frozen=True):
    """How far a batch got: its first `stored` entries are durable, the next was refused if there is one."""

    stored_count: int
    conflict: SeqConflict | Duplicate | None = None


class ReadMark(msgspec.Struct, frozen=True):
    """How far a member has read, and what that member wants of the conversation."""

    conversation_id: str
    user_id: str
    read_seq: int = 0
    read_at_ms: int = 0
    muted: bool = False


class ConversationSummary(msgspec.Struct, frozen=True):
    """What is derived from the log up to `last_seq`: its last message, and each sender's own last seq."""

    conversation_id: str
    last_seq: int
    last_message: LastMessage | None
    last_sent_seqs: tuple[tuple[str, int], ...]


class Membership(msgspec.Struct, frozen=True):
    """A conversation as one member's list needs it; `sent_seq` is that member's last message."""

    conversation: ConversationRecord
    last_sent_seq: int


class PendingEffect(msgspec.Struct, frozen=True):
    """An instance means to change who is in a conversation, or to name somebody, and to tell it.

    What is to be told are entries above `since_seq`.
    """

    conversation_id: str
    instance: str
    since_seq: int
    created_at_ms: int

    @property
    def key(self) -> str:
        return f"{self.conversation_id}:{self.instance}"

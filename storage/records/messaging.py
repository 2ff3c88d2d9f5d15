"""Records of the Messaging service: conversations, log entries and read marks.

Times are milliseconds since the epoch. The log is append-only. A stored message is updated only to the state
that a later change entry of the same log holds.
"""

import msgspec


class LastMessage(msgspec.Struct, frozen=True):
    """A message as shown in conversation lists; `seq` is that of its creation."""

    content: str
    sender_id: str
    timestamp_ms: int
    seq: int = 0


class ConversationRecord(msgspec.Struct, frozen=True):
    """A conversation's document: its state after the entry at `applied_seq`."""

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
    """The change of a conversation by a SYSTEM entry, and the member count after it."""

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
    # Encoded names are fixed: instances of earlier versions read these frames from the bus.
    rename={"attempt_id": "draft", "original_digest": "first"},
):
    """A message, at the seq of its creation, in its latest state.

    `attempt_id` distinguishes attempts to store the same `client_id`.
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
    """Digest of the first content, once the message was edited."""


class MessageState(msgspec.Struct, frozen=True):
    """The full state of a message after a change, so that applying it is idempotent."""

    content: str
    edited_at_ms: int | None
    deleted_at_ms: int | None
    reactions: tuple[ReactionRecord, ...]
    original_digest: str = ""


class ChangeEntry(msgspec.Struct, frozen=True, tag="change"):
    """A change of an earlier message. It has its own seq."""

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
    """Another writer has stored an entry at this seq."""


class Duplicate(msgspec.Struct, frozen=True):
    """The log already contains (sender, client_id), as `entry`."""

    entry: Entry


class Appended(msgspec.Struct, frozen=True):
    """Result of an append: the first `stored_count` entries are durable; `conflict` stopped the next."""

    stored_count: int
    conflict: SeqConflict | Duplicate | None = None


class ReadMark(msgspec.Struct, frozen=True):
    """How far a member has read, and whether the member muted the conversation."""

    conversation_id: str
    user_id: str
    read_seq: int = 0
    read_at_ms: int = 0
    muted: bool = False


class ConversationSummary(msgspec.Struct, frozen=True):
    """Fields derived from the log up to `last_seq`: the last message, and each sender's last seq."""

    conversation_id: str
    last_seq: int
    last_message: LastMessage | None
    last_sent_seqs: tuple[tuple[str, int], ...]


class Membership(msgspec.Struct, frozen=True):
    """A conversation in a member's list; `last_sent_seq` is the seq of that member's last message."""

    conversation: ConversationRecord
    last_sent_seq: int


class PendingEffect(msgspec.Struct, frozen=True):
    """Notifications that an instance owes for membership changes and mentions in a conversation.

    They follow from the entries above `since_seq`.
    """

    conversation_id: str
    instance: str
    since_seq: int
    created_at_ms: int

    @property
    def key(self) -> str:
        return f"{self.conversation_id}:{self.instance}"

"""The Messaging service's stores and records: the log of each conversation, and what is derived from it.

The log is append-only and the source of truth. A stored message is updated only to the state that a later
change entry of the same log holds. Conversation documents are a projection of the log and may lag, except in
their members. Read marks are stored separately.

Times are milliseconds since the epoch. All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from storage.contracts.pending_effects import PendingEffectStore


class LastMessage(msgspec.Struct, frozen=True):
    """A message as shown in conversation lists; `seq` is that of its creation."""

    content: str
    sender_id: str
    timestamp_ms: int
    seq: int = 0


class FormerMember(msgspec.Struct, frozen=True):
    """A user who left a group, or was removed by an admin (`removed`), and when."""

    user_id: str
    at_ms: int
    removed: bool


class ConversationRecord(msgspec.Struct, frozen=True):
    """A conversation's document: its members and settings after the entry at `applied_seq`.

    `last_message` and `last_seq` are written separately, late and in batches; the log has the true head.
    `former_members` are in the order of leaving; lists of conversations omit them.
    """

    id: str
    type: str
    name: str | None
    participants: tuple[str, ...]
    admins: tuple[str, ...]
    created_at_ms: int
    last_message: LastMessage | None = None
    last_seq: int = 0
    applied_seq: int = 0
    former_members: tuple[FormerMember, ...] = ()


class MembershipDelta(msgspec.Struct, frozen=True):
    """The change of a conversation by a SYSTEM entry, and the member count after it.

    `by_rule`: a membership rule removed the users, they did not leave.
    """

    member_count: int
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    name: str | None = None
    admins: tuple[str, ...] | None = None
    by_rule: bool = False


class ReactionRecord(msgspec.Struct, frozen=True):
    emoji: str
    user_ids: tuple[str, ...]


class ReadByRecord(msgspec.Struct, frozen=True):
    user_id: str
    read_at_ms: int


class HiddenMessage(msgspec.Struct, frozen=True):
    """What a message was when moderators hid it, and when. No member gets it."""

    content: str
    reactions: tuple[ReactionRecord, ...]
    at_ms: int


class MessageState(msgspec.Struct, frozen=True):
    """The full state of a message after a change, so that applying it is idempotent.

    Its fields are fields of `MessageEntry` too. A hidden message is deleted, and has `hidden`; so earlier
    versions treat it as deleted.
    """

    content: str
    edited_at_ms: int | None
    deleted_at_ms: int | None
    reactions: tuple[ReactionRecord, ...]
    original_digest: str = ""
    hidden: HiddenMessage | None = None


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

    hidden: HiddenMessage | None = None

    def state(self) -> MessageState:
        return MessageState(*(getattr(self, name) for name in MessageState.__struct_fields__))

    def with_state(self, state: MessageState, seq: int) -> "MessageEntry":
        """Return the message after the change at `seq`."""
        return msgspec.structs.replace(self, changed_seq=seq, **msgspec.structs.asdict(state))


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


class Duplicates(msgspec.Struct, frozen=True):
    """The log already contains the (sender, client_id) of the first entry that was not stored.

    `entries` are the stored ones: that of the first, and those of the entries after it in the same log which
    the log also contains. So a batch with many duplicates is answered at once.
    """

    entries: tuple[Entry, ...]


class Appended(msgspec.Struct, frozen=True):
    """Result of an append: the first `stored_count` entries are durable; `conflict` stopped the next."""

    stored_count: int
    conflict: SeqConflict | Duplicates | None = None


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


class ConversationActivity(msgspec.Struct, frozen=True):
    """What a conversation's document says of its log: the last seq, and the time of the last message.

    Without messages, the time is that of its creation.
    """

    conversation_id: str
    last_seq: int
    last_activity_ms: int


class MessageLog(Protocol):
    """One log per conversation: seq 1, 2, 3, ... without gaps, with any number of writers.

    (conversation, seq) and (conversation, sender, client_id) are unique.
    """

    async def append(self, entries: Sequence[Entry]) -> Appended:
        """Store entries in the order given; stop at the first conflict.

        Idempotent: an entry that an earlier call stored at the same seq (same `attempt_id`) counts as
        stored. Durable on return. After `Unavailable` any of them may be stored: append the same entries
        again. Cost: one round trip; one more for each conflict.
        """

    async def read(self, conversation_id: str, after: int, through: int) -> list[Entry]:
        """Return the entries with after < seq <= through, in order. Cost: one index range."""

    async def find_advanced(self, after: Sequence[tuple[str, int]]) -> set[str]:
        """Return the conversations that have an entry at the seq after the one given. One round trip."""

    async def find_messages(self, ids: Sequence[str]) -> list[MessageEntry]:
        """Return messages by id, in no particular order; ids of changes and unknown ids are absent."""

    async def page_messages(
        self, conversation_id: str, before: int, after: int, limit: int, *, newest: bool
    ) -> list[MessageEntry]:
        """Return up to `limit` messages with after < seq < before; newest first, or oldest first."""

    async def count_unread(self, conversation_id: str, user_id: str, after: int, limit: int) -> int:
        """Count undeleted TEXT messages of other users with seq > `after`; stop at `limit`."""

    async def apply_change(self, change: ChangeEntry) -> None:
        """Set the message to the state in `change`, unless a later change was applied."""

    async def mark_read_by(
        self, conversation_id: str, user_id: str, after: int, through: int, read_at_ms: int
    ) -> None:
        """Add the user to `read_by` of messages with after < seq <= through. Idempotent."""


class ConversationStore(Protocol):
    """Conversation documents, read marks and idempotency keys."""

    async def create(self, conversation: ConversationRecord) -> ConversationRecord | None:
        """Store a new conversation. Returns the existing one if the id is taken, else None."""

    async def get(self, conversation_id: str) -> ConversationRecord | None: ...

    async def list_memberships(
        self, user_id: str, conversation_ids: Sequence[str] | None
    ) -> list[Membership]:
        """Return a user's conversations, or those among `conversation_ids`; unordered, one round trip.

        Without ids, `participants` and `admins` are empty, so that a list of a thousand groups stays small.
        It reads all of them: pages come from `page_activity`.
        """

    async def page_activity(
        self, user_id: str, before: tuple[int, str] | None, limit: int
    ) -> list[ConversationActivity]:
        """Return a user's conversations by (last activity, id), latest first, below the key `before`.

        One round trip; only the page is transferred.
        """

    async def last_seqs_by_user(self, user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return each user's conversations with the `last_seq` of their documents, in one round trip.

        Users without conversations are absent.
        """

    async def users_sharing_conversation(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that share a conversation with the user.

        At most three round trips; the cost grows with the conversations of the user or with those of
        `others`, whichever are fewer.
        """

    async def users_knowing(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that share a group with the user, or opened or wrote in a direct one.

        What they wrote counts once the summary is saved. Cost: two queries, whatever the number of others.
        """

    async def save_projection(self, conversation: ConversationRecord) -> None:
        """Write members, former members, admins, name and `applied_seq`, unless the stored one is higher."""

    async def save_summaries(self, summaries: Sequence[ConversationSummary]) -> None:
        """Advance derived fields, each independently; a higher stored value stays. One round trip."""

    async def get_read_marks(self, keys: Sequence[tuple[str, str]]) -> list[ReadMark]:
        """Return read marks by (conversation, user); absent if nothing was marked."""

    async def advance_read_mark(self, mark: ReadMark) -> int:
        """Advance a read mark and return its seq; a higher stored mark stays."""

    async def last_sent_seqs(self, conversation_id: str) -> dict[str, int]:
        """Return the seq of each sender's last message, up to the document's `last_seq`."""

    async def claim_idempotency_key(self, key: str, digest: str) -> str:
        """Store the digest of the request that used `key`; return the digest stored first."""

    async def set_muted(self, conversation_id: str, user_id: str, *, muted: bool) -> None: ...


class MessagingStore(MessageLog, ConversationStore, PendingEffectStore, Protocol):
    """All stores of the Messaging service, with a health check."""

    async def check(self) -> None:
        """Write and read a document. Raises `Unavailable`."""

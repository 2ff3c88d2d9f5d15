"""The Messaging service's stores: conversations, memberships and read marks, which follow from the log.

Conversation documents are a projection of the log. Members, admins and name are written with each change of
them, or after a failure with the next read of the log. The last message is written late. Read marks are
stored separately.

Times are milliseconds since the epoch. All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from storage.contracts.message_log import MessageLog
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


class ReadMark(msgspec.Struct, frozen=True):
    """How far a member has read, and whether the member muted the conversation.

    `read_at_ms` is 0 until the member reads something: joining sets a mark too, because what was written
    before is not unread then.
    """

    conversation_id: str
    user_id: str
    read_seq: int = 0
    read_at_ms: int = 0
    muted: bool = False


class IdempotencyClaim(msgspec.Struct, frozen=True):
    """The digest of the first request that used an idempotency key, and when it did."""

    digest: str
    claimed_at_ms: int


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


class ConversationStore(Protocol):
    """Conversation documents, read marks and idempotency keys."""

    async def create(self, conversation: ConversationRecord) -> ConversationRecord | None:
        """Store a new conversation. Returns the existing one if the id is taken, else None."""

    async def get(self, conversation_id: str) -> ConversationRecord | None: ...

    async def list_memberships(
        self, user_id: str, conversation_ids: Sequence[str] | None
    ) -> list[Membership]:
        """Return a user's conversations, or those among `conversation_ids`; unordered, one round trip.

        With None all are read (pages come from `page_activity`), and `participants`, `admins` and
        `former_members` are empty, so that a list of a thousand groups stays small.
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

    async def any_user_in_many(self, user_ids: Sequence[str], count: int) -> bool:
        """Return whether one of the users is in `count` conversations or more.

        One round trip, unless the users together are in that many: then also one for each half of them, and
        so on.
        """

    async def users_knowing(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that know the user.

        They share a group with the user, or have opened the direct conversation with the user or written in
        it. What they wrote counts once the summary is saved. Cost: two queries, whatever the number of
        others.
        """

    async def save_projection(self, conversation: ConversationRecord) -> None:
        """Write members, former members, admins, name and `applied_seq`, if the stored one is lower."""

    async def save_summaries(self, summaries: Sequence[ConversationSummary]) -> None:
        """Advance derived fields, each independently; a higher stored value stays. One round trip."""

    async def get_read_marks(self, keys: Sequence[tuple[str, str]]) -> list[ReadMark]:
        """Return read marks by (conversation, user); absent if nothing was marked."""

    async def advance_read_mark(self, mark: ReadMark) -> int:
        """Advance a read mark and return its seq; a higher stored mark stays."""

    async def last_sent_seqs(self, conversation_id: str) -> dict[str, int]:
        """Return the seq of each sender's last message, up to the document's `last_seq`."""

    async def claim_idempotency_key(self, key: str, digest: str) -> IdempotencyClaim:
        """Store the digest of the request that used `key`; return the first claim of the key."""

    async def set_muted(self, conversation_id: str, user_id: str, *, muted: bool) -> None: ...


class MessagingStore(MessageLog, ConversationStore, PendingEffectStore, Protocol):
    """All stores of the Messaging service, with a health check."""

    async def check(self) -> None:
        """Write a document and delete it. Raises `Unavailable`."""

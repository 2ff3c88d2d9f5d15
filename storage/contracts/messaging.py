"""The Messaging service's stores: the log of each conversation, and what is derived from it.

The log is the source of truth. Conversation documents are a projection of it and may lag, except in their
members. Read marks are stored separately. All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from typing import Protocol

from storage.records.messaging import (
    Appended,
    ChangeEntry,
    ConversationRecord,
    ConversationSummary,
    Entry,
    Membership,
    MessageEntry,
    PendingEffect,
    ReadMark,
)


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
        """

    async def last_seqs_by_user(self, user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return each user's conversations with the `last_seq` of their documents, in one round trip.

        Users without conversations are absent.
        """

    async def users_sharing_conversation(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that share a conversation with the user. One index lookup each."""

    async def save_projection(self, conversation: ConversationRecord) -> None:
        """Write participants, admins, name and `applied_seq`, unless the stored `applied_seq` is higher."""

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


class PendingEffectStore(Protocol):
    """Side effects noted before they are done, so that another instance completes them after a crash."""

    async def add_pending_effect(self, effect: PendingEffect) -> None:
        """Store an effect durably, unless one with its key exists."""

    async def remove_pending_effect(self, key: str) -> None:
        """Delete an effect that is done."""

    async def list_pending_effects(self) -> list[PendingEffect]:
        """Return all pending effects, in no particular order. There are few."""


class MessagingStore(MessageLog, ConversationStore, PendingEffectStore, Protocol):
    """All stores of the Messaging service, with a health check."""

    async def check(self) -> None:
        """Write and read a document. Raises `Unavailable`."""

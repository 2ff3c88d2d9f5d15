"""The Messaging service's stores: the log of each conversation, and what is derived from it.

The log is the truth. Conversations are a projection of it, written late except for membership; read
marks stand beside it. All methods raise `Unavailable`.
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
    """One log per conversation: seq 1, 2, 3, ... without holes, whoever writes.

    Unique are (conversation, seq) and (conversation, sender, client_id).
    """

    async def append(self, entries: Sequence[Entry]) -> Appended:
        """Store entries in the order given; stop at the first that is refused.

        Idempotent: an entry that an earlier attempt stored at the same seq (same `draft`) counts as stored.
        Durable on return. After `Unavailable` nothing is known: append the very same entries again.
        Cost: one round trip; one more for each refusal.
        """

    async def read(self, conversation_id: str, after: int, through: int) -> list[Entry]:
        """The entries with after < seq <= through, in order. One index range."""

    async def find_advanced(self, after: Sequence[tuple[str, int]]) -> set[str]:
        """Which of the conversations have an entry right behind the seq given. One round trip for all."""

    async def find_messages(self, ids: Sequence[str]) -> list[MessageEntry]:
        """Messages by id, in no order; ids of changes and unknown ids are absent."""

    async def page_messages(
        self, conversation_id: str, before: int, after: int, limit: int, *, newest: bool
    ) -> list[MessageEntry]:
        """Up to `limit` messages with after < seq < before: the newest first, or the oldest first."""

    async def count_unread(self, conversation_id: str, user_id: str, after: int, limit: int) -> int:
        """How many TEXT messages of others, not deleted, stand above that seq; counting ends at `at_most`."""

    async def apply_change(self, change: ChangeEntry) -> None:
        """Bring the message up to a change's effect, unless it is further already."""

    async def mark_read_by(
        self, conversation_id: str, user_id: str, after: int, through: int, read_at_ms: int
    ) -> None:
        """Note on messages with after < seq <= through that the user has read them. Late and repeatable."""


class ConversationStore(Protocol):
    """Conversations and read marks."""

    async def create(self, conversation: ConversationRecord) -> ConversationRecord | None:
        """Store a new one; when its id stands already, answer that one instead (None: it was new)."""

    async def get(self, conversation_id: str) -> ConversationRecord | None: ...

    async def list_memberships(
        self, user_id: str, conversation_ids: Sequence[str] | None
    ) -> list[Membership]:
        """All conversations of a user, or those of the ids that the user is in; unordered, one round trip.

        With None, `participants` and `admins` are left empty: a list of a thousand groups stays small.
        """

    async def last_seqs_by_user(self, user_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """The conversations of each of these users, with the `last_seq` of their documents; one round trip.

        Who has none is left out.
        """

    async def users_sharing_conversation(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Those of the others who are in a conversation with that user. One look-up by index each."""

    async def save_projection(self, conversation: ConversationRecord) -> None:
        """Write participants, admins, name and `applied_seq`, unless the document is further already."""

    async def save_summaries(self, summaries: Sequence[ConversationSummary]) -> None:
        """Move derived fields forward, each by itself and never back. One round trip."""

    async def get_read_marks(self, keys: Sequence[tuple[str, str]]) -> list[ReadMark]:
        """Read marks by (conversation, user); absent where nothing was ever marked."""

    async def advance_read_mark(self, mark: ReadMark) -> int:
        """Move a read mark forward; one that is further already stays. Answers the seq where it stands."""

    async def last_sent_seqs(self, conversation_id: str) -> dict[str, int]:
        """The seq of each sender's last message, as the document knows it: up to its `last_seq`."""

    async def claim_idempotency_key(self, key: str, digest: str) -> str:
        """Keep the digest of what a key was used for; answers the one that was kept first."""

    async def set_muted(self, conversation_id: str, user_id: str, *, muted: bool) -> None: ...


class PendingEffectStore(Protocol):
    """What was begun and is to be told, for whoever finds it when its instance has died."""

    async def add_pending_effect(self, effect: PendingEffect) -> None:
        """Keep it durably, unless one with its key stands already."""

    async def remove_pending_effect(self, key: str) -> None:
        """It is done: nobody needs to look."""

    async def list_pending_effects(self) -> list[PendingEffect]:
        """All that stand, in no order; there are few."""


class MessagingStore(MessageLog, ConversationStore, PendingEffectStore, Protocol):
    """All of them, as one service's store; and whether it truly works."""

    async def check(self) -> None:
        """Write and read something. Raises `Unavailable`."""

"""The log of each conversation: messages and their changes.

The log is append-only and the source of truth. A stored message is updated only to the state that a later
change entry of the same log holds.

Times are milliseconds since the epoch. All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class MembershipDelta(msgspec.Struct, frozen=True):
    """The change of a conversation by a SYSTEM entry, and the member count after it.

    `by_rule`: a membership rule removed the users, they did not leave. `name` and `admins` are None if they
    did not change.
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
    # Encoded names are fixed: instances of earlier versions read these entries from the bus.
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
    """Digest of the original content, once the message was changed."""

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


class MessageLog(Protocol):
    """One log per conversation: seq 1, 2, 3, ... without gaps, with any number of writers.

    (conversation, seq) and (conversation, sender, client_id) are unique.
    """

    async def append(self, entries: Sequence[Entry]) -> Appended:
        """Store entries in the order given; stop at the first conflict.

        Idempotent: an entry that an earlier call stored at the same seq (same `attempt_id`) counts as
        stored. Durable on return. After `Unavailable` any of them may be stored: append the same entries
        again. Cost: one round trip. A conflict costs one more, and one for each sender among the entries
        after it in the same log if they are read for `Duplicates`; entries stored earlier cost three more.
        """

    async def find_conflicts(
        self, batches: Sequence[Sequence[Entry]]
    ) -> list[SeqConflict | Duplicates | None]:
        """Return what would stop an append of each batch at its first entry, without storing anything.

        Each batch has entries of one conversation. None if the seq of the first entry is free, or if an
        earlier call stored it there. Cost: one round trip, and for the conflicts, at the same time, those of
        `append`.
        """

    async def read(self, conversation_id: str, after: int, through: int) -> list[Entry]:
        """Return the entries with after < seq <= through, in order. Cost: one index range."""

    async def find_advanced(self, after: Sequence[tuple[str, int]]) -> set[str]:
        """Return the conversations that have an entry at the seq after the one given. One round trip."""

    async def find_messages(self, ids: Sequence[str]) -> list[MessageEntry]:
        """Return messages by id, in no particular order; ids of changes and unknown ids are absent."""

    async def find_by_client_id(self, conversation_id: str, sender_id: str, client_id: str) -> Entry | None:
        """Return the entry that a sender named `client_id`, if it is stored."""

    async def page_messages(
        self, conversation_id: str, before: int, after: int, limit: int, *, newest: bool
    ) -> list[MessageEntry]:
        """Return up to `limit` messages with after < seq < before; newest first, or oldest first."""

    async def count_unread(self, conversation_id: str, user_id: str, after: int, limit: int) -> int:
        """Count undeleted TEXT messages of other users with seq > `after`; stop at `limit`."""

    async def apply_change(self, change: ChangeEntry) -> None:
        """Set the message to the state in `change`, unless this or a later change was applied."""

    async def mark_read_by(
        self, conversation_id: str, user_id: str, after: int, through: int, read_at_ms: int
    ) -> None:
        """Add the user to `read_by` of messages of others with after < seq <= through. Idempotent."""

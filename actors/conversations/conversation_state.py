"""What this instance knows of a conversation: its document, its members, and how far its log goes.

Entries up to `head` are applied here. The log is known to reach `known`, which may be further while
another instance writes. It reads the log and brings the document up; it never adds to the log.
"""

from collections.abc import Sequence

from actors.conversations.publisher import Publisher
from actors.conversations.roster import Roster
from actors.conversations.summary_writer import SummaryWriter
from actors.protocol.objects import ConversationType
from storage.contracts.messaging import ChangeEntry, ConversationRecord, Entry, MessageEntry, MessagingStore

CATCH_UP_CHUNK = 500
PROJECTION_LAG_ENTRIES = 200
"""Entries above the document's state from which on going to sleep brings it up: waking stays quick."""


class ConversationState:
    __slots__ = (
        "_id",
        "_needs_projection",
        "_publisher",
        "_store",
        "_summary_writer",
        "_unapplied_changes",
        "_uncertain",
        "head",
        "known_head",
        "record",
        "roster",
    )

    def __init__(
        self, conversation_id: str, store: MessagingStore, publisher: Publisher, summary_writer: SummaryWriter
    ) -> None:
        self._id = conversation_id
        self._store = store
        self._publisher = publisher
        self._summary_writer = summary_writer
        self._uncertain = False
        # Members changed, and the document does not say so yet.
        self._needs_projection = False
        # Changes that are in the log, and perhaps not in their messages yet.
        self._unapplied_changes: list[ChangeEntry] = []
        self.head = 0
        self.known_head = 0
        self.record: ConversationRecord | None = None
        self.roster: Roster | None = None

    @property
    def needs_catch_up(self) -> bool:
        """Whether the log is to be read before anything is added to it."""
        return self.known_head > self.head or self._uncertain

    def is_member(self, user_id: str) -> bool:
        return self.roster is not None and user_id in self.roster.members

    def direct_peer(self, user_id: str) -> str | None:
        """The other one of a direct conversation; None in a group."""
        if self.roster is None or self.roster.type != ConversationType.DIRECT:
            return None
        return next((one for one in self.roster.members if one != user_id), None)

    def observe_head(self, seq: int) -> None:
        """The log is known to go up to `seq`."""
        self.known_head = max(self.known_head, seq)

    def mark_uncertain(self) -> None:
        """A write ended without an answer: what the log holds is known only after reading it."""
        self._uncertain = True

    async def load(self) -> bool:
        """Read the conversation; False when there is none. Raises `Unavailable`."""
        record = await self._store.get(self._id)
        if record is None:
            return False
        self.record = record
        self.roster = Roster(record)
        self.head = record.applied_seq
        await self.catch_up()
        return True

    async def catch_up(self) -> None:
        """Read and apply what is above the head. Raises `Unavailable`."""
        while self.record is not None:
            entries = await self._store.read(self._id, self.head, self.head + CATCH_UP_CHUNK)
            self._apply_entries(entries)
            if len(entries) < CATCH_UP_CHUNK:
                break
        while self._unapplied_changes:
            await self._store.apply_change(self._unapplied_changes[0])
            del self._unapplied_changes[0]
        if self._needs_projection:
            # A process died between an entry and its projection, or the store was away: heal it.
            await self.project()
        self.known_head = self.head
        self._uncertain = False
        self._publisher.observe_head(self._id, self.head)

    def apply_membership(self, entry: MessageEntry) -> None:
        """An entry that changes members, admins or the name is stored."""
        assert self.roster is not None
        assert entry.membership is not None
        self.head = entry.seq
        self.roster.apply(entry.membership)
        self._needs_projection = True

    async def apply_change(self, change: ChangeEntry) -> None:
        """A change is stored: bring its message up. Raises `Unavailable`; catching up then does it."""
        self.head = change.seq
        self._unapplied_changes.append(change)
        await self._store.apply_change(change)
        self._unapplied_changes.remove(change)

    async def project(self) -> None:
        """Bring the document up to the head. Raises `Unavailable`."""
        assert self.record is not None
        assert self.roster is not None
        self.record = self.roster.record(self.record, self.head)
        await self._store.save_projection(self.record)
        self._needs_projection = False

    async def flush_projection(self) -> None:
        """Bring the document up where waking would otherwise be long."""
        if self.record is not None and self.head - self.record.applied_seq >= PROJECTION_LAG_ENTRIES:
            await self.project()

    def _apply_entries(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.head = entry.seq
            if self.record is not None and entry.seq > self.record.last_seq:
                self._summary_writer.add_entry(entry)
            if isinstance(entry, MessageEntry) and entry.membership is not None:
                self.apply_membership(entry)
            elif isinstance(entry, ChangeEntry):
                self._unapplied_changes.append(entry)

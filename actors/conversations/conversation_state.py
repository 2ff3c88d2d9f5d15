"""The state of a conversation on this instance: its document, its members and the head of its log.

Entries up to `head` are applied. `known_head` is the highest seq that is known to be stored; while it is
above `head`, another instance wrote entries that were not read yet. This module reads the log and projects it
into the document; `append_pipeline` writes the log.
"""

from collections.abc import Sequence

from actors.conversations.entry_publisher import EntryPublisher
from actors.conversations.roster import Roster
from actors.conversations.summary_writer import SummaryWriter
from actors.protocol.objects import ConversationType
from storage.contracts.message_log import ChangeEntry, Entry, MessageEntry
from storage.contracts.messaging import ConversationRecord, MessagingStore

CATCH_UP_CHUNK = 500
PROJECTION_LAG_ENTRIES = 200
"""Passivation projects the document if it lags by this many entries, which keeps activation fast."""


class ConversationState:
    __slots__ = (
        "_id",
        "_needs_projection",
        "_publisher",
        "_store",
        "_summary_writer",
        "_unapplied_changes",
        "_uncertain",
        "document",
        "head",
        "known_head",
        "roster",
    )

    def __init__(
        self,
        conversation_id: str,
        store: MessagingStore,
        publisher: EntryPublisher,
        summary_writer: SummaryWriter,
    ) -> None:
        self._id = conversation_id
        self._store = store
        self._publisher = publisher
        self._summary_writer = summary_writer
        self._uncertain = False
        # The roster changed since the last projection.
        self._needs_projection = False
        # Changes stored in the log that may not be applied to their messages and the summary.
        self._unapplied_changes: list[ChangeEntry] = []
        self.head = 0
        self.known_head = 0
        self.document: ConversationRecord | None = None
        self.roster: Roster | None = None

    @property
    def needs_catch_up(self) -> bool:
        """Whether the log must be read before an append."""
        return self.known_head > self.head or self._uncertain

    def is_member(self, user_id: str) -> bool:
        return self.roster is not None and user_id in self.roster.members

    def direct_peer(self, user_id: str) -> str | None:
        """The other member of a direct conversation; None in a group."""
        if self.roster is None or self.roster.type != ConversationType.DIRECT:
            return None
        return next((member_id for member_id in self.roster.members if member_id != user_id), None)

    def observe_head(self, seq: int) -> None:
        """Note a seq that the log contains. The log is read before the next append if it is above `head`."""
        self.known_head = max(self.known_head, seq)

    def mark_uncertain(self) -> None:
        """Record that the outcome of a write is unknown, so that the log is read before the next one."""
        self._uncertain = True

    async def load(self) -> bool:
        """Load the conversation and catch up. Return False if it does not exist. Raises `Unavailable`."""
        record = await self._store.get(self._id)
        if record is None:
            return False
        self.document = record
        self.roster = Roster(record)
        self.head = record.applied_seq
        await self.catch_up()
        return True

    async def catch_up(self) -> None:
        """Read and apply the entries above the head; project them if members, admins or name changed.

        Raises `Unavailable`.
        """
        while self.document is not None:
            entries = await self._store.read(self._id, self.head, self.head + CATCH_UP_CHUNK)
            self._apply_entries(entries)
            if len(entries) < CATCH_UP_CHUNK:
                break
        while self._unapplied_changes:
            change = self._unapplied_changes[0]
            await self._store.apply_change(change)
            if len(self._unapplied_changes) == 1:
                await self._add_to_summary(change)
            del self._unapplied_changes[0]
        if self._needs_projection:
            # The instance that stored a membership entry may have failed before it projected it.
            await self.project()
        self.known_head = self.head
        self._uncertain = False
        self._publisher.observe_head(self._id, self.head)

    def apply_membership(self, entry: MessageEntry) -> None:
        """Apply a stored entry that changes members, admins or the name."""
        assert self.roster is not None
        assert entry.membership is not None
        self.head = entry.seq
        self.roster.apply(entry)
        self._needs_projection = True

    async def apply_change(self, change: ChangeEntry) -> None:
        """Apply a stored change to its message and the summary.

        Raises `Unavailable`; the next catch-up retries it.
        """
        self.head = change.seq
        self._unapplied_changes.append(change)
        await self._store.apply_change(change)
        await self._add_to_summary(change)
        self._unapplied_changes.remove(change)

    async def project(self) -> None:
        """Write the state at the head to the document. Raises `Unavailable`."""
        assert self.document is not None
        assert self.roster is not None
        self.document = self.roster.record(self.document, self.head)
        await self._store.save_projection(self.document)
        self._needs_projection = False

    async def flush_projection(self) -> None:
        """Project the document if it lags by `PROJECTION_LAG_ENTRIES` or more. Raises `Unavailable`."""
        if self.document is not None and self.head - self.document.applied_seq >= PROJECTION_LAG_ENTRIES:
            await self.project()

    def _apply_entries(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self.head = entry.seq
            if isinstance(entry, ChangeEntry):
                self._unapplied_changes.append(entry)
                continue
            if self.document is not None and entry.seq > self.document.last_seq:
                self._summary_writer.add_entry(entry)
            if entry.membership is not None:
                self.apply_membership(entry)

    async def _add_to_summary(self, change: ChangeEntry) -> None:
        """Include an applied change in the summary, with the message that is then the last one.

        A summary with the seq of the change alone would keep the old text: the store ignores later summaries
        up to the same seq. Raises `Unavailable`.
        """
        if self.document is not None and change.seq > self.document.last_seq:
            newest = await self._store.page_messages(self._id, change.seq, 0, 1, newest=True)
            self._summary_writer.add_change(change, newest[0])

"""Conversations as one member sees them, read from the store on each call.

Summaries are written late, so the log above each document's `last_seq` is read too. Unread counts are
computed from the log. Nothing is cached between calls.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from actors.conversations import serializers
from actors.conversations.errors import not_found
from actors.conversations.summary_writer import to_last_message
from actors.protocol.objects import Conversation, MessageType, ReadState, UserCard
from config.limits import PARTICIPANTS_IN_OBJECT, UNREAD_MAX
from storage.contracts.identifiers import entry_id
from storage.contracts.message_log import ChangeEntry, Entry, MessageEntry
from storage.contracts.messaging import (
    ConversationActivity,
    ConversationRecord,
    LastMessage,
    Membership,
    MessagingStore,
    ReadMark,
)

LoadCards = Callable[[Sequence[str]], Awaitable[Mapping[str, UserCard]]]
READ_CHUNK = 1000
LIST_WINDOW = 500
LAST_TIME_MS = 2**53
NO_ID = "0" * 24
ActivityKey = tuple[int, str]
"""(last activity in ms, conversation id): the order of lists."""


class ConversationView(msgspec.Struct, frozen=True):
    """A conversation up to the end of its log, with the read position of one member."""

    record: ConversationRecord
    last_seq: int
    read_seq: int
    muted: bool


class ConversationViews:
    def __init__(self, store: MessagingStore, load_cards: LoadCards) -> None:
        self._store = store
        self._load_cards = load_cards

    async def page_for_user(
        self, user_id: str, after: ActivityKey | None, limit: int
    ) -> tuple[list[str], ActivityKey | None]:
        """Return the ids of a page of conversations, latest activity first, and the key of the next page.

        A document's activity may be older than the log's, so at least `LIST_WINDOW` documents, if there are
        that many, are compared with their logs before the page is cut. A conversation below them is missed on
        this page if it belongs there because of a message that is not in its document yet.
        """
        found: list[ActivityKey] = []
        # A document's activity is never newer than its log's. A client may forge a cursor, so it is clamped.
        before = None if after is None else (min(max(after[0], 0), LAST_TIME_MS) + 1, NO_ID)
        while True:
            window = await self._store.page_activity(user_id, before, LIST_WINDOW)
            found += [key for key in await self._read_activity(window) if after is None or key < after]
            has_more = len(window) == LIST_WINDOW
            if len(found) > limit or not has_more:
                break
            before = (window[-1].last_activity_ms, window[-1].conversation_id)
        found.sort(reverse=True)
        page = found[:limit]
        return [conversation_id for _, conversation_id in page], page[-1] if len(found) > limit else None

    async def _read_activity(self, window: Sequence[ConversationActivity]) -> list[ActivityKey]:
        """Return the activity of conversations up to the end of their logs."""
        last_seqs = {activity.conversation_id: activity.last_seq for activity in window}
        advanced_ids = list(await self._store.find_advanced(list(last_seqs.items())))
        tails = await asyncio.gather(*(self._read_log_above(id_, last_seqs[id_]) for id_ in advanced_ids))
        newest = {
            id_: max((entry.created_at_ms for entry in tail if isinstance(entry, MessageEntry)), default=0)
            for id_, tail in zip(advanced_ids, tails, strict=True)
        }
        return [
            (newest.get(activity.conversation_id) or activity.last_activity_ms, activity.conversation_id)
            for activity in window
        ]

    async def get_many(self, user_id: str, conversation_ids: Sequence[str]) -> dict[str, ConversationView]:
        """Return those of the conversations that the user is a member of, with participants."""
        memberships = await self._store.list_memberships(user_id, conversation_ids)
        return {view.record.id: view for view in await self._load(user_id, memberships)}

    async def get(self, user_id: str, conversation_id: str) -> ConversationView:
        """Return a conversation with participants. Raises `ApiError` if the user is not a member."""
        view = (await self.get_many(user_id, [conversation_id])).get(conversation_id)
        if view is None:
            raise not_found()
        return view

    async def count_unread(self, user_id: str, view: ConversationView) -> int:
        if view.read_seq >= view.last_seq:
            return 0
        return await self._store.count_unread(view.record.id, user_id, view.read_seq, UNREAD_MAX)

    async def read_state(self, user_id: str, view: ConversationView) -> ReadState:
        return ReadState(view.read_seq, await self.count_unread(user_id, view))

    async def to_conversations(self, user_id: str, views: Sequence[ConversationView]) -> list[Conversation]:
        """Convert views to API objects. The views must have participants."""
        shown_ids = {
            member_id for view in views for member_id in view.record.participants[:PARTICIPANTS_IN_OBJECT]
        }
        cards = await self._load_cards(list(shown_ids))
        unread = await asyncio.gather(*(self.count_unread(user_id, view) for view in views))
        return [
            serializers.to_conversation(
                view.record,
                cards,
                last_seq=view.last_seq,
                read_seq=view.read_seq,
                unread_count=count,
                muted=view.muted,
            )
            for view, count in zip(views, unread, strict=True)
        ]

    async def _load(self, user_id: str, memberships: Sequence[Membership]) -> list[ConversationView]:
        records = [membership.conversation for membership in memberships]
        advanced_ids, marks = await asyncio.gather(
            self._store.find_advanced([(record.id, record.last_seq) for record in records]),
            self._store.get_read_marks([(record.id, user_id) for record in records]),
        )
        marks_by_id = {mark.conversation_id: mark for mark in marks}
        advanced = [record for record in records if record.id in advanced_ids]
        tails = dict(
            zip(
                [record.id for record in advanced],
                await asyncio.gather(
                    *(self._read_log_above(record.id, record.last_seq) for record in advanced)
                ),
                strict=True,
            )
        )
        return [
            _build_view(user_id, membership, marks_by_id.get(record.id), tails.get(record.id, ()))
            for membership, record in zip(memberships, records, strict=True)
        ]

    async def _read_log_above(self, conversation_id: str, seq: int) -> list[Entry]:
        entries: list[Entry] = []
        while True:
            chunk = await self._store.read(conversation_id, seq, seq + READ_CHUNK)
            entries += chunk
            if len(chunk) < READ_CHUNK:
                return entries
            seq = chunk[-1].seq


def _build_view(
    user_id: str, membership: Membership, mark: ReadMark | None, tail: Sequence[Entry]
) -> ConversationView:
    record = membership.conversation
    messages = [entry for entry in tail if isinstance(entry, MessageEntry)]
    newest = to_last_message(messages[-1]) if messages else record.last_message
    if newest is not None:
        record = msgspec.structs.replace(record, last_message=_with_changes(newest, record.id, tail))
    # Only text messages move the sender's read position; renaming a group or adding a member does not.
    last_sent_seq = max(
        (
            entry.seq
            for entry in messages
            if entry.sender_id == user_id and entry.message_type == MessageType.TEXT
        ),
        default=0,
    )
    return ConversationView(
        record=record,
        last_seq=tail[-1].seq if tail else record.last_seq,
        read_seq=max(mark.read_seq if mark is not None else 0, membership.last_sent_seq, last_sent_seq),
        muted=mark is not None and mark.muted,
    )


def _with_changes(last: LastMessage, conversation_id: str, tail: Sequence[Entry]) -> LastMessage:
    """Apply changes that are not in the document yet to the last message."""
    message_id = entry_id(conversation_id, last.seq)
    for entry in tail:
        if isinstance(entry, ChangeEntry) and entry.message_id == message_id:
            last = msgspec.structs.replace(last, content=entry.state.content)
    return last

"""Conversations as one member sees them, read afresh from the store on every instance.

Documents are written late, so the log above each one's `last_seq` is read with them. Unread is counted
from the log, never kept. Nothing here is remembered from one call to the next.
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
from storage.contracts.messaging import (
    ChangeEntry,
    ConversationRecord,
    Entry,
    LastMessage,
    Membership,
    MessageEntry,
    MessagingStore,
    ReadMark,
)

LoadCards = Callable[[Sequence[str]], Awaitable[Mapping[str, UserCard]]]
READ_CHUNK = 1000


class ConversationView(msgspec.Struct, frozen=True):
    """A conversation brought up to its log, and one member's place in it."""

    record: ConversationRecord
    last_seq: int
    read_seq: int
    muted: bool

    @property
    def last_activity_ms(self) -> int:
        last = self.record.last_message
        return self.record.created_at_ms if last is None else last.timestamp_ms


class ConversationViews:
    def __init__(self, store: MessagingStore, load_cards: LoadCards) -> None:
        self._store = store
        self._load_cards = load_cards

    async def list_for_user(self, user_id: str) -> list[ConversationView]:
        """Every conversation of a user, without members; the latest active first."""
        views = await self._load(user_id, await self._store.list_memberships(user_id, None))
        views.sort(key=lambda view: (view.last_activity_ms, view.record.id), reverse=True)
        return views

    async def get_many(self, user_id: str, conversation_ids: Sequence[str]) -> dict[str, ConversationView]:
        """Those of the conversations that the user is in, whole."""
        standings = await self._store.list_memberships(user_id, conversation_ids)
        return {view.record.id: view for view in await self._load(user_id, standings)}

    async def get(self, user_id: str, conversation_id: str) -> ConversationView:
        """A conversation of the user's, whole. Raises `Refusal` where it is none."""
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
        """As the contract's objects; the views must be whole."""
        shown = {one for view in views for one in view.record.participants[:PARTICIPANTS_IN_OBJECT]}
        cards = await self._load_cards(list(shown))
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

    async def _load(self, user_id: str, standings: Sequence[Membership]) -> list[ConversationView]:
        ids = [one.conversation.id for one in standings]
        grown, marks = await asyncio.gather(
            self._store.find_advanced(
                [(one.conversation.id, one.conversation.last_seq) for one in standings]
            ),
            self._store.get_read_marks([(conversation_id, user_id) for conversation_id in ids]),
        )
        by_id = {mark.conversation_id: mark for mark in marks}
        tails = dict(
            zip(
                [one for one in ids if one in grown],
                await asyncio.gather(
                    *(
                        self._read_log_above(one.conversation.id, one.conversation.last_seq)
                        for one in standings
                        if one.conversation.id in grown
                    )
                ),
                strict=True,
            )
        )
        return [
            _build_view(user_id, one, by_id.get(one.conversation.id), tails.get(one.conversation.id, ()))
            for one in standings
        ]

    async def _read_log_above(self, conversation_id: str, seq: int) -> list[Entry]:
        found: list[Entry] = []
        while True:
            some = await self._store.read(conversation_id, seq, seq + READ_CHUNK)
            found += some
            if len(some) < READ_CHUNK:
                return found
            seq = some[-1].seq


def _build_view(
    user_id: str, standing: Membership, mark: ReadMark | None, tail: Sequence[Entry]
) -> ConversationView:
    record = standing.conversation
    messages = [entry for entry in tail if isinstance(entry, MessageEntry)]
    newest = to_last_message(messages[-1]) if messages else record.last_message
    if newest is not None:
        record = msgspec.structs.replace(record, last_message=_with_changes(newest, record.id, tail))
    # Renaming a group or adding somebody is not sending: it reads nothing.
    sent = max(
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
        read_seq=max(mark.read_seq if mark is not None else 0, standing.last_sent_seq, sent),
        muted=mark is not None and mark.muted,
    )


def _with_changes(last: LastMessage, conversation_id: str, tail: Sequence[Entry]) -> LastMessage:
    """The last message after the changes that the document does not know yet."""
    message_id = entry_id(conversation_id, last.seq)
    for entry in tail:
        if isinstance(entry, ChangeEntry) and entry.message_id == message_id:
            last = msgspec.structs.replace(last, content=entry.state.content)
    return last

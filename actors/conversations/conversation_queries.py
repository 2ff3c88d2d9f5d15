"""Queries on conversations: lists, members, history, changes and read marks of one user.

Results come from the store and are current on every instance. A conversation that the user may not see is
reported as `conversation.not_found`.
"""

import asyncio
import heapq
from collections.abc import Mapping, Sequence

from actors.conversations import serializers
from actors.conversations.command_sender import CommandSender, validate_id
from actors.conversations.conversation_views import ConversationView, ConversationViews, LoadCards
from actors.conversations.errors import message_not_found, not_found
from actors.conversations.log_reader import LogReader, find_message
from actors.conversations.member_search import search_members
from actors.conversations.read_marks import ReadMarks
from actors.protocol.objects import Conversation, Message, MessageType, ReadState, UserCard
from actors.protocol.server_frames import LogFrame
from config.limits import READ_BY_MEMBERS_MAX
from storage.contracts.message_log import MessageEntry, ReadByRecord
from storage.contracts.messaging import MessagingStore


class ConversationQueries:
    def __init__(
        self,
        store: MessagingStore,
        commands: CommandSender,
        views: ConversationViews,
        read_marks: ReadMarks,
        log_reader: LogReader,
        load_cards: LoadCards,
    ) -> None:
        self._store = store
        self._commands = commands
        self._views = views
        self._read_marks = read_marks
        self._log_reader = log_reader
        self._load_cards = load_cards

    async def get_view(self, user_id: str, conversation_id: str) -> ConversationView:
        """Return a conversation with participants. Raises `ApiError` if the user is not a member."""
        return await self._views.get(user_id, validate_id(conversation_id))

    async def get(self, user_id: str, conversation_id: str) -> Conversation:
        """Return a conversation of the user. Raises `ApiError` if the user is not a member."""
        view = await self.get_view(user_id, conversation_id)
        return (await self._views.to_conversations(user_id, [view]))[0]

    async def page(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> tuple[list[Conversation], tuple[int, str] | None]:
        """Return a page of a user's conversations, latest activity first, and the cursor of the next page.

        A cursor is the (last activity in ms, id) of the last conversation on a page.
        """
        ids, next_cursor = await self._views.page_for_user(user_id, after, limit)
        views = await self._views.get_many(user_id, ids)
        page = [views[conversation_id] for conversation_id in ids if conversation_id in views]
        return await self._views.to_conversations(user_id, page), next_cursor

    async def participants(
        self, user_id: str, conversation_id: str, query: str | None, after: str, limit: int
    ) -> tuple[list[UserCard], str | None]:
        """Return a page of members by id, and the id after which the next page starts.

        A member who does not leave meanwhile is on exactly one page, even if others join or leave.
        With `query`, only members with a word of the display name or username that starts with it.
        """
        view = await self.get_view(user_id, conversation_id)
        if query is not None:
            return await search_members(self._load_cards, view.record.participants, query, after, limit)
        member_ids = heapq.nsmallest(
            limit + 1, (member_id for member_id in view.record.participants if member_id > after)
        )
        page = member_ids[:limit]
        cards = await self._load_cards(page)
        return [serializers.to_user_card(member_id, cards) for member_id in page], (
            page[-1] if len(member_ids) > limit else None
        )

    async def history(
        self, user_id: str, conversation_id: str, before: int | None, after: int | None, limit: int
    ) -> list[Message]:
        """Return up to `limit` messages with after < seq < before.

        They are the newest ones of that range, newest first; or the oldest ones, oldest first, if only
        `after` is given.
        """
        view = await self.get_view(user_id, conversation_id)
        end = view.last_seq + 1
        entries = await self._store.page_messages(
            conversation_id,
            before=min(before, end) if before is not None else end,
            after=after or 0,
            limit=limit,
            newest=after is None or before is not None,
        )
        return await self.to_messages(user_id, view, entries)

    async def history_around(self, user_id: str, conversation_id: str, seq: int, limit: int) -> list[Message]:
        """Return up to `limit` messages around a seq, oldest first.

        Half of them are below the seq; more or less where one side has too few. Two lookups at once.
        """
        view = await self.get_view(user_id, conversation_id)
        end = view.last_seq + 1
        older, newer = await asyncio.gather(
            self._store.page_messages(
                conversation_id, before=min(seq, end), after=0, limit=limit, newest=True
            ),
            self._store.page_messages(
                conversation_id, before=end, after=max(seq - 1, 0), limit=limit, newest=False
            ),
        )
        older_count = min(len(older), max(limit // 2, limit - len(newer)))
        entries = [*reversed(older[:older_count]), *newer[: limit - older_count]]
        return await self.to_messages(user_id, view, entries)

    async def message(self, user_id: str, conversation_id: str, message_id: str) -> Message:
        """Return a message of the conversation. Raises `conversation.not_found` or `message.not_found`."""
        view = await self.get_view(user_id, conversation_id)
        entry = await find_message(self._store, message_id)
        if entry is None or entry.conversation_id != conversation_id:
            raise message_not_found()
        (message,) = await self.to_messages(user_id, view, [entry])
        return message

    async def can_see_message(self, user_id: str, message_id: str) -> bool:
        """Whether the message exists in a conversation of the user."""
        message = await find_message(self._store, message_id)
        return message is not None and bool(await self._views.get_many(user_id, [message.conversation_id]))

    async def changes(
        self, user_id: str, conversation_id: str, after: int, limit: int
    ) -> tuple[list[LogFrame], int, bool]:
        """Return the compacted events of up to `limit` entries, the seq they reach, and whether more follow.

        If `after` is beyond the log, the returned seq is that of the last entry, so that the next read from
        there misses nothing.
        """
        view = await self.get_view(user_id, conversation_id)
        events, last_seq, has_more = await self._log_reader.read_changes(
            conversation_id, after, limit, user_id
        )
        if last_seq > view.last_seq and not await self._log_reader.has_entry(conversation_id, last_seq):
            last_seq = view.last_seq
        return events, last_seq, has_more

    async def mark_read(self, user_id: str, conversation_id: str, seq: int) -> ReadState:
        """Move the user's read mark forward, up to `seq` or the head.

        Raises `ApiError` or `Unavailable`.
        """
        info = await self._commands.get_info(user_id, conversation_id, seq)
        if not info.is_member:
            raise not_found()
        return await self._read_marks.mark_read(
            user_id, conversation_id, min(seq, info.head), info.member_count
        )

    async def to_messages(
        self, user_id: str, view: ConversationView, entries: Sequence[MessageEntry]
    ) -> list[Message]:
        """Convert entries for a member. Conversations of up to `READ_BY_MEMBERS_MAX` members list readers."""
        lists_readers = len(view.record.participants) <= READ_BY_MEMBERS_MAX
        read_seqs = await self._read_marks.read_seqs(view) if lists_readers else {}
        return [
            serializers.to_message(
                entry, user_id, _read_by(entry, read_seqs) if lists_readers else None, len(entry.read_by)
            )
            for entry in entries
        ]


def _read_by(
    entry: MessageEntry, read_seqs: Mapping[str, Sequence[tuple[int, int]]]
) -> tuple[ReadByRecord, ...]:
    """Merge the stored readers of a message with members whose read mark passed it since."""
    if entry.message_type != MessageType.TEXT:
        return ()
    readers = {reader.user_id: reader for reader in entry.read_by}
    for user_id, marks in read_seqs.items():
        times = [read_at_ms for read_seq, read_at_ms in marks if read_seq >= entry.seq]
        if times and user_id not in readers and user_id != entry.sender_id:
            readers[user_id] = ReadByRecord(user_id, min(times))
    return tuple(readers.values())

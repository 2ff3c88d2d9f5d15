"""Everything that can be asked about conversations: the way in for sessions and for HTTP.

Reads come from the store and are fresh on every instance. Writes go through the conversation's actor.
Whatever the caller may not see does not exist: `conversation.not_found`. It never holds state of its own.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from actors.conversations import serializers
from actors.conversations.commands import (
    AddByRule,
    AddMember,
    ChangeMembership,
    ChangeMessage,
    ConversationCommand,
    ConversationInfo,
    GetInfo,
    MembershipChange,
    MessageChange,
    RemoveByRule,
    RemoveMember,
    Send,
    UpdateSettings,
)
from actors.conversations.conversation_views import ConversationView, ConversationViews, LoadCards
from actors.conversations.errors import blocked, busy, not_found
from actors.conversations.future_reply import FutureReply
from actors.conversations.log_reader import LogReader
from actors.conversations.membership_notifier import MembershipNotifier
from actors.conversations.read_marks import ReadMarks
from actors.protocol.errors import ApiError, invalid_field, unavailable
from actors.protocol.objects import Conversation, ConversationType, Message, MessageType, ReadState, UserCard
from actors.protocol.server_frames import LogFrame
from actors.protocol.timestamps import now_ms
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Registry
from config.limits import PARTICIPANTS_MAX, READ_BY_MEMBERS_MAX, Limits
from storage.contracts.identifiers import direct_conversation_id, idempotent_id, is_id, new_id
from storage.contracts.messaging import ConversationRecord, MessageEntry, MessagingStore, ReadByRecord

ListBlockedUsers = Callable[[str], Awaitable[Sequence[str]]]
"""(user) -> everybody between whom and that user there is a block."""


class CreateResult(msgspec.Struct, frozen=True):
    conversation: Conversation
    is_new: bool


class Conversations:
    def __init__(
        self,
        store: MessagingStore,
        actors: Registry[str, ConversationCommand],
        views: ConversationViews,
        read_marks: ReadMarks,
        log_reader: LogReader,
        membership_notifier: MembershipNotifier,
        load_cards: LoadCards,
        list_blocked_users: ListBlockedUsers,
        limits: Limits,
    ) -> None:
        self._store = store
        self._actors = actors
        self._views = views
        self._read_marks = read_marks
        self._log_reader = log_reader
        self._membership_notifier = membership_notifier
        self._load_cards = load_cards
        self._list_blocked_users = list_blocked_users
        self._limits = limits
        self._tasks: set[asyncio.Task[Any]] = set()

    def track_task(self, task: "asyncio.Task[Any]") -> None:
        """Hold on to a task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait for what is under way. Ended by its caller's deadline."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # --- sending

    def send(self, conversation_id: str, command: Send | ChangeMessage) -> None:
        """Hand a draft or a change to its conversation; the answer comes through the letter's reply.

        Raises:
            Refusal: conversation.not_found for what can not be an id.
            MailboxFull, Stopped: it was not taken.
        """
        self._actors.tell(_validate_id(conversation_id), command)

    async def send_and_wait(
        self, conversation_id: str, command: Send, reply: FutureReply
    ) -> tuple[Message, bool]:
        """As `send`; answers the message and whether it stood already."""
        stored = await self._tell_and_wait(conversation_id, command, reply)
        assert stored is not None
        entry, duplicate = stored
        return serializers.to_message(entry, command.draft.sender_id, ()), duplicate

    async def change_message(self, user_id: str, conversation_id: str, change: MessageChange) -> Message:
        """Edit, delete or react; answers the message as it is then."""
        reply = FutureReply()
        stored = await self._tell_and_wait(conversation_id, ChangeMessage(user_id, change, reply), reply)
        assert stored is not None
        view = await self._get_view(user_id, conversation_id)
        return (await self._to_messages(user_id, view, [stored[0]]))[0]

    async def _tell_and_wait(
        self, conversation_id: str, command: Send | ChangeMessage | ChangeMembership, reply: FutureReply
    ) -> tuple[MessageEntry, bool] | None:
        try:
            self._actors.tell(_validate_id(conversation_id), command)
        except (MailboxFull, Stopped):
            raise busy() from None
        try:
            async with asyncio.timeout(self._limits.request_timeout_ms * 2 / 1000):
                return await reply.future
        except TimeoutError:
            raise unavailable("It may or may not be stored: ask again with the same client_id.") from None

    # --- making and changing

    async def create(
        self,
        user: UserCard,
        kind: ConversationType,
        other_user_ids: Sequence[str],
        name: str | None,
        idempotency_key: str | None,
    ) -> CreateResult:
        """Make a conversation, or find the direct one (or the one made under `key`) that stands already."""
        members = list(dict.fromkeys((user.id, *other_user_ids)))
        if len(members) > PARTICIPANTS_MAX:
            raise ApiError("conversation.full", f"A conversation has at most {PARTICIPANTS_MAX} members.")
        direct = kind is ConversationType.DIRECT
        if direct and len(members) != 2:
            raise invalid_field("participants", "A direct conversation is with exactly one other user.")
        if direct and name is not None:
            raise invalid_field("name", "A direct conversation has no name.")
        cards = await self._load_cards(members)
        hidden = set(await self._list_blocked_users(user.id))
        missing = [one for one in members if one not in cards or (one in hidden and not direct)]
        if missing:
            raise ApiError("user.not_found", "Not all of these users exist.")
        if (
            direct
            and hidden.intersection(members)
            and await self._store.get(direct_conversation_id(*members)) is None
        ):
            raise blocked()
        digest = _request_digest(kind, members, name)
        if (
            idempotency_key is not None
            and await self._store.claim_idempotency_key(idempotent_id(user.id, idempotency_key), digest)
            != digest
        ):
            raise ApiError("idempotency.conflict", "This key was used for another conversation.")
        if direct:
            conversation_id = direct_conversation_id(*members)
        else:
            conversation_id = (
                idempotent_id(user.id, idempotency_key) if idempotency_key is not None else new_id()
            )
        record = ConversationRecord(
            id=conversation_id,
            type=kind.value,
            name=name,
            participants=tuple(members),
            admins=() if direct else (user.id,),
            created_at_ms=now_ms(),
        )
        standing = await self._store.create(record)
        if standing is None:
            await self._membership_notifier.notify_joined(record, 0, members)
        return CreateResult(await self.get(user.id, conversation_id), is_new=standing is None or not direct)

    async def change_membership(self, conversation_id: str, change: MembershipChange) -> None:
        reply = FutureReply()
        await self._tell_and_wait(conversation_id, ChangeMembership(change, reply), reply)

    async def add_member(self, actor: UserCard, conversation_id: str, user_id: str) -> None:
        user = (await self._load_cards([user_id])).get(user_id)
        if user is None or user_id in await self._list_blocked_users(actor.id):
            # Only members may learn who exists.
            await self._get_view(actor.id, conversation_id)
            raise ApiError("user.not_found", "There is no such user.")
        await self.change_membership(conversation_id, AddMember(actor, user))

    async def remove_member(self, actor: UserCard, conversation_id: str, user_id: str) -> None:
        cards = await self._load_cards([user_id])
        await self.change_membership(
            conversation_id, RemoveMember(actor, serializers.to_user_card(user_id, cards))
        )

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        """See that there is this group; the creator is its first member and admin."""
        record = ConversationRecord(
            id=conversation_id,
            type=ConversationType.GROUP.value,
            name=name,
            participants=(creator.id,),
            admins=(creator.id,),
            created_at_ms=now_ms(),
        )
        if await self._store.get(conversation_id) is None and await self._store.create(record) is None:
            await self._membership_notifier.notify_joined(record, 0, [creator.id])

    async def add_by_rule(self, conversation_id: str, user: UserCard) -> None:
        """Take in somebody whom a rule lets in. Refuses with `conversation.full`."""
        await self.change_membership(conversation_id, AddByRule(user))

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        """Let somebody go whom a rule no longer keeps."""
        await self.change_membership(conversation_id, RemoveByRule(user))

    async def remove_user(self, user_id: str) -> None:
        """A user is no longer: out of every group. Direct conversations stay with the other one."""
        for standing in await self._store.list_memberships(user_id, None):
            if standing.conversation.type == ConversationType.GROUP:
                await self.remove_by_rule(standing.conversation.id, serializers.to_user_card(user_id, {}))

    async def update(
        self,
        actor: UserCard,
        conversation_id: str,
        name: str | None,
        admins: Sequence[str] | None,
        muted: bool | None,  # noqa: FBT001
    ) -> Conversation:
        await self._get_view(actor.id, conversation_id)
        if name is not None or admins is not None:
            chosen = None if admins is None else tuple(dict.fromkeys(admins))
            await self.change_membership(conversation_id, UpdateSettings(actor, name, chosen))
        if muted is not None:
            await self._store.set_muted(conversation_id, actor.id, muted=muted)
        return await self.get(actor.id, conversation_id)

    # --- reading

    async def get(self, user_id: str, conversation_id: str) -> Conversation:
        view = await self._get_view(user_id, conversation_id)
        return (await self._views.to_conversations(user_id, [view]))[0]

    async def page(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> tuple[list[Conversation], tuple[int, str] | None]:
        """By latest activity; `after` is the (activity in ms, id) of the last one seen."""
        views = await self._views.list_for_user(user_id)
        if after is not None:
            views = [view for view in views if (view.last_activity_ms, view.record.id) < after]
        chosen = views[:limit]
        whole = await self._views.get_many(user_id, [view.record.id for view in chosen])
        shown = await self._views.to_conversations(
            user_id, [whole[view.record.id] for view in chosen if view.record.id in whole]
        )
        following = (chosen[-1].last_activity_ms, chosen[-1].record.id) if len(views) > limit else None
        return shown, following

    async def participants(
        self, user_id: str, conversation_id: str, after: int, limit: int
    ) -> tuple[list[UserCard], int | None]:
        """In order of joining; `after` counts those seen already."""
        view = await self._get_view(user_id, conversation_id)
        members = view.record.participants[after : after + limit]
        cards = await self._load_cards(members)
        more = after + limit < len(view.record.participants)
        return [serializers.to_user_card(one, cards) for one in members], after + limit if more else None

    async def history(
        self, user_id: str, conversation_id: str, before: int | None, after: int | None, limit: int
    ) -> list[Message]:
        view = await self._get_view(user_id, conversation_id)
        head = view.last_seq + 1
        entries = await self._store.page_messages(
            conversation_id,
            before=min(before, head) if before is not None else head,
            after=after or 0,
            limit=limit,
            newest=after is None or before is not None,
        )
        return await self._to_messages(user_id, view, entries)

    async def can_see_message(self, user_id: str, message_id: str) -> bool:
        """Whether there is such a message in a conversation of the user's."""
        found = await self._store.find_messages([message_id]) if is_id(message_id) else []
        return bool(found and await self._views.get_many(user_id, [found[0].conversation_id]))

    async def changes(
        self, user_id: str, conversation_id: str, after: int, limit: int
    ) -> tuple[list[LogFrame], int, bool]:
        await self._get_view(user_id, conversation_id)
        return await self._log_reader.read_changes(conversation_id, after, limit, user_id)

    async def mark_read(self, user_id: str, conversation_id: str, seq: int) -> ReadState:
        """Mark as read up to `seq`: forward only, never past the head."""
        sight = await self._ask_info(user_id, conversation_id, seq)
        if not sight.is_member:
            raise not_found()
        return await self._read_marks.mark_read(
            user_id, conversation_id, min(seq, sight.head), sight.member_count
        )

    async def get_info(self, user_id: str, conversation_id: str) -> ConversationInfo:
        """A conversation as one of its members finds it. Raises `Refusal`."""
        return await self._ask_info(user_id, conversation_id, 0)

    async def _ask_info(self, user_id: str, conversation_id: str, at_least: int) -> ConversationInfo:
        try:
            cell = self._actors.ensure_active(_validate_id(conversation_id))
            return await cell.ask(
                lambda reply: GetInfo(user_id, at_least, reply), self._limits.request_timeout_ms / 1000
            )
        except (MailboxFull, Stopped, TimeoutError):
            raise busy() from None

    async def _get_view(self, user_id: str, conversation_id: str) -> ConversationView:
        return await self._views.get(user_id, _validate_id(conversation_id))

    async def _to_messages(
        self, user_id: str, view: ConversationView, entries: Sequence[MessageEntry]
    ) -> list[Message]:
        members = view.record.participants
        named = len(members) <= READ_BY_MEMBERS_MAX
        places = await self._read_marks.read_positions(view) if named else {}
        return [
            serializers.to_message(
                entry, user_id, _read_by(entry, places) if named else None, len(entry.read_by)
            )
            for entry in entries
        ]


def _read_by(
    entry: MessageEntry, read_positions: Mapping[str, Sequence[tuple[int, int]]]
) -> tuple[ReadByRecord, ...]:
    """Who has read a message: what it says itself, and who has moved past it since that was written."""
    if entry.message_type != MessageType.TEXT:
        return ()
    known = {one.user_id: one for one in entry.read_by}
    for user_id, reached in read_positions.items():
        times = [read_at_ms for read_seq, read_at_ms in reached if read_seq >= entry.seq]
        if times and user_id not in known and user_id != entry.sender_id:
            known[user_id] = ReadByRecord(user_id, min(times))
    return tuple(known.values())


def _validate_id(conversation_id: str) -> str:
    if not is_id(conversation_id):
        raise not_found()
    return conversation_id


def _request_digest(kind: ConversationType, members: Sequence[str], name: str | None) -> str:
    described = msgspec.json.encode((kind, sorted(members), name))
    return hashlib.sha256(described).hexdigest()

"""The conversation service, used by sessions and HTTP routes.

Reads come from the store and are current on every instance. Writes pass through the conversation's actor.
A conversation that the caller may not see is reported as `conversation.not_found`.
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
from storage.contracts.messaging import MessagingStore
from storage.records.identifiers import direct_conversation_id, idempotent_id, is_id, new_id
from storage.records.messaging import ConversationRecord, MessageEntry, ReadByRecord

ListBlockedUsers = Callable[[str], Awaitable[Sequence[str]]]
"""(user_id) -> ids of the users who blocked this user or are blocked by this user."""


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
        """Keep a reference to a task until it is done. `drain` waits for it."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait for all tracked tasks. Has no timeout; the caller sets the deadline."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # --- sending

    def send(self, conversation_id: str, command: Send | ChangeMessage) -> None:
        """Pass a command to its conversation. The result arrives through the command's reply.

        Raises:
            ApiError: conversation.not_found, if the id is malformed.
            MailboxFull, Stopped: the command was not accepted.
        """
        self._actors.tell(_validate_id(conversation_id), command)

    async def send_and_wait(
        self, conversation_id: str, command: Send, reply: FutureReply
    ) -> tuple[Message, bool]:
        """Send and wait. Return the message, and whether it was stored before."""
        stored = await self._tell_and_wait(conversation_id, command, reply)
        assert stored is not None
        entry, duplicate = stored
        return serializers.to_message(entry, command.draft.sender_id, ()), duplicate

    async def change_message(self, user_id: str, conversation_id: str, change: MessageChange) -> Message:
        """Edit, delete or react, and return the message after the change."""
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
            raise unavailable(
                "The result is unknown. Retry with the same client_id; it is stored at most once."
            ) from None

    # --- creating and changing

    async def create(
        self,
        user: UserCard,
        kind: ConversationType,
        other_user_ids: Sequence[str],
        name: str | None,
        idempotency_key: str | None,
    ) -> CreateResult:
        """Create a conversation, or return the existing one.

        A direct conversation exists once per pair of users. `idempotency_key` identifies a retry.
        """
        member_ids = list(dict.fromkeys((user.id, *other_user_ids)))
        if len(member_ids) > PARTICIPANTS_MAX:
            raise ApiError("conversation.full", f"A conversation has at most {PARTICIPANTS_MAX} members.")
        direct = kind is ConversationType.DIRECT
        if direct and len(member_ids) != 2:
            raise invalid_field("participants", "A direct conversation must name exactly one other user.")
        if direct and name is not None:
            raise invalid_field("name", "A direct conversation cannot have a name.")
        cards = await self._load_cards(member_ids)
        blocked_ids = set(await self._list_blocked_users(user.id))
        if any(
            member_id not in cards or (member_id in blocked_ids and not direct) for member_id in member_ids
        ):
            raise ApiError("user.not_found", "Some of these users do not exist.")
        if (
            direct
            and blocked_ids.intersection(member_ids)
            and await self._store.get(direct_conversation_id(*member_ids)) is None
        ):
            raise blocked()
        digest = _request_digest(kind, member_ids, name)
        if (
            idempotency_key is not None
            and await self._store.claim_idempotency_key(idempotent_id(user.id, idempotency_key), digest)
            != digest
        ):
            raise ApiError("idempotency.conflict", "This idempotency key was used for another conversation.")
        if direct:
            conversation_id = direct_conversation_id(*member_ids)
        else:
            conversation_id = (
                idempotent_id(user.id, idempotency_key) if idempotency_key is not None else new_id()
            )
        record = ConversationRecord(
            id=conversation_id,
            type=kind.value,
            name=name,
            participants=tuple(member_ids),
            admins=() if direct else (user.id,),
            created_at_ms=now_ms(),
        )
        existing = await self._store.create(record)
        if existing is None:
            await self._membership_notifier.notify_joined(record, 0, member_ids)
        return CreateResult(await self.get(user.id, conversation_id), is_new=existing is None or not direct)

    async def change_membership(self, conversation_id: str, change: MembershipChange) -> None:
        reply = FutureReply()
        await self._tell_and_wait(conversation_id, ChangeMembership(change, reply), reply)

    async def add_member(self, actor: UserCard, conversation_id: str, user_id: str) -> None:
        user = (await self._load_cards([user_id])).get(user_id)
        if user is None or user_id in await self._list_blocked_users(actor.id):
            # Only members may learn which users exist.
            await self._get_view(actor.id, conversation_id)
            raise ApiError("user.not_found", "There is no such user.")
        await self.change_membership(conversation_id, AddMember(actor, user))

    async def remove_member(self, actor: UserCard, conversation_id: str, user_id: str) -> None:
        cards = await self._load_cards([user_id])
        await self.change_membership(
            conversation_id, RemoveMember(actor, serializers.to_user_card(user_id, cards))
        )

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        """Create the group if it does not exist, with `creator` as its only member and admin."""
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
        """Add a user without an admin's permission. Raises `ApiError` (conversation.full)."""
        await self.change_membership(conversation_id, AddByRule(user))

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        """Remove a user without an admin's permission. Does nothing if the user is not a member."""
        await self.change_membership(conversation_id, RemoveByRule(user))

    async def remove_user(self, user_id: str) -> None:
        """Remove a deleted user from all groups. Direct conversations stay with the other member."""
        for membership in await self._store.list_memberships(user_id, None):
            if membership.conversation.type == ConversationType.GROUP:
                await self.remove_by_rule(membership.conversation.id, serializers.to_user_card(user_id, {}))

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
            unique_admins = None if admins is None else tuple(dict.fromkeys(admins))
            await self.change_membership(conversation_id, UpdateSettings(actor, name, unique_admins))
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
        """Return a page of a user's conversations, latest activity first, and the cursor of the next page.

        A cursor is the (last activity in ms, id) of the last conversation on a page.
        """
        views = await self._views.list_for_user(user_id)
        if after is not None:
            views = [view for view in views if (view.last_activity_ms, view.record.id) < after]
        page = views[:limit]
        full_views = await self._views.get_many(user_id, [view.record.id for view in page])
        conversations = await self._views.to_conversations(
            user_id, [full_views[view.record.id] for view in page if view.record.id in full_views]
        )
        next_cursor = (page[-1].last_activity_ms, page[-1].record.id) if len(views) > limit else None
        return conversations, next_cursor

    async def participants(
        self, user_id: str, conversation_id: str, after: int, limit: int
    ) -> tuple[list[UserCard], int | None]:
        """Return a page of members in order of joining, and the offset of the next page."""
        view = await self._get_view(user_id, conversation_id)
        member_ids = view.record.participants[after : after + limit]
        cards = await self._load_cards(member_ids)
        has_more = after + limit < len(view.record.participants)
        return [serializers.to_user_card(member_id, cards) for member_id in member_ids], (
            after + limit if has_more else None
        )

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
        """Whether the message exists in a conversation of the user."""
        messages = await self._store.find_messages([message_id]) if is_id(message_id) else []
        return bool(messages and await self._views.get_many(user_id, [messages[0].conversation_id]))

    async def changes(
        self, user_id: str, conversation_id: str, after: int, limit: int
    ) -> tuple[list[LogFrame], int, bool]:
        await self._get_view(user_id, conversation_id)
        return await self._log_reader.read_changes(conversation_id, after, limit, user_id)

    async def mark_read(self, user_id: str, conversation_id: str, seq: int) -> ReadState:
        """Move the user's read mark forward to `seq`, at most to the head."""
        info = await self._ask_info(user_id, conversation_id, seq)
        if not info.is_member:
            raise not_found()
        return await self._read_marks.mark_read(
            user_id, conversation_id, min(seq, info.head), info.member_count
        )

    async def get_info(self, user_id: str, conversation_id: str) -> ConversationInfo:
        """Return the head, the member count and whether the user is a member. Raises `ApiError`."""
        return await self._ask_info(user_id, conversation_id, 0)

    async def _ask_info(self, user_id: str, conversation_id: str, at_least: int) -> ConversationInfo:
        try:
            ref = self._actors.ensure_active(_validate_id(conversation_id))
            return await ref.ask(
                lambda reply: GetInfo(user_id, at_least, reply), self._limits.request_timeout_ms / 1000
            )
        except (MailboxFull, Stopped, TimeoutError):
            raise busy() from None

    async def _get_view(self, user_id: str, conversation_id: str) -> ConversationView:
        return await self._views.get(user_id, _validate_id(conversation_id))

    async def _to_messages(
        self, user_id: str, view: ConversationView, entries: Sequence[MessageEntry]
    ) -> list[Message]:
        lists_readers = len(view.record.participants) <= READ_BY_MEMBERS_MAX
        positions = await self._read_marks.read_positions(view) if lists_readers else {}
        return [
            serializers.to_message(
                entry, user_id, _read_by(entry, positions) if lists_readers else None, len(entry.read_by)
            )
            for entry in entries
        ]


def _read_by(
    entry: MessageEntry, read_positions: Mapping[str, Sequence[tuple[int, int]]]
) -> tuple[ReadByRecord, ...]:
    """Merge the stored readers of a message with members whose read position passed it since."""
    if entry.message_type != MessageType.TEXT:
        return ()
    readers = {reader.user_id: reader for reader in entry.read_by}
    for user_id, positions in read_positions.items():
        times = [read_at_ms for read_seq, read_at_ms in positions if read_seq >= entry.seq]
        if times and user_id not in readers and user_id != entry.sender_id:
            readers[user_id] = ReadByRecord(user_id, min(times))
    return tuple(readers.values())


def _validate_id(conversation_id: str) -> str:
    if not is_id(conversation_id):
        raise not_found()
    return conversation_id


def _request_digest(kind: ConversationType, members: Sequence[str], name: str | None) -> str:
    described = msgspec.json.encode((kind, sorted(members), name))
    return hashlib.sha256(described).hexdigest()

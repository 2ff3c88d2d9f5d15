"""The conversation service, used by sessions and HTTP routes.

Commands pass through the conversation's actor; `ConversationQueries` reads from the store.
"""

import hashlib
from collections.abc import Coroutine, Sequence
from typing import Any

import msgspec

from actors.consent.consent import AdditionKind, ConsentNeeded
from actors.consent.conversation_requests import RequestTarget
from actors.conversations import serializers
from actors.conversations.command_sender import CommandSender
from actors.conversations.commands import (
    AddMember,
    ChangeMessage,
    ConversationInfo,
    RemoveMember,
    Send,
    UpdateSettings,
)
from actors.conversations.conversation_dependencies import AdditionConsent
from actors.conversations.conversation_queries import ConversationQueries
from actors.conversations.conversation_views import LoadCards
from actors.conversations.errors import ConsentRequiredError, blocked, conversation_limit
from actors.conversations.future_reply import FutureReply
from actors.conversations.membership_notifier import MembershipNotifier
from actors.conversations.message_changes import MessageChange
from actors.conversations.rule_membership import FindExistingUsers, RuleMembership
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import Conversation, ConversationType, Message, ReadState, UserCard
from actors.protocol.server_frames import LogFrame
from actors.protocol.timestamps import now_ms
from actors.runtime.task_pool import TaskPool
from config.limits import CONVERSATIONS_MAX, PARTICIPANTS_MAX
from storage.contracts.identifiers import direct_conversation_id, idempotent_id, new_id
from storage.contracts.messaging import ConversationRecord, IdempotencyClaim, MessagingStore


class CreateResult(msgspec.Struct, frozen=True):
    """The users in `requested` got a request to join, and are not members yet.

    A repeat with an idempotency key gets the first result again: `is_new` is that of the first request.
    """

    conversation: Conversation
    is_new: bool
    requested: tuple[str, ...] = ()


class Conversations(RuleMembership):
    def __init__(
        self,
        store: MessagingStore,
        commands: CommandSender,
        membership_notifier: MembershipNotifier,
        queries: ConversationQueries,
        load_cards: LoadCards,
        consent: AdditionConsent,
        find_existing_users: FindExistingUsers,
    ) -> None:
        super().__init__(store, commands, membership_notifier, find_existing_users)
        self._queries = queries
        self._load_cards = load_cards
        self._consent = consent
        # One pool for the concurrent commands of all sessions, so that shutdown can wait for them.
        self.task_pool = TaskPool("commands of sessions")

    async def drain(self) -> None:
        """Wait for the concurrent commands of sessions. Has no timeout; the caller sets the deadline."""
        await self.task_pool.drain()

    # --- sending

    def send(self, conversation_id: str, command: Send | ChangeMessage) -> None:
        """Pass a command to its conversation. The result arrives through the command's reply.

        Raises:
            ApiError: conversation.not_found, if the id is malformed.
            MailboxFull, Stopped: the command was not accepted.
        """
        self._commands.tell(conversation_id, command)

    async def send_and_wait(
        self, conversation_id: str, command: Send, reply: FutureReply
    ) -> tuple[Message, bool]:
        """Send and wait. Return the message, and whether it was stored before. Raises `ApiError`."""
        stored = await self._commands.execute(conversation_id, command, reply)
        assert stored is not None
        entry, duplicate = stored
        return serializers.to_message(entry, command.draft.sender_id, ()), duplicate

    async def change_message(self, user_id: str, conversation_id: str, change: MessageChange) -> Message:
        """Edit, delete or react, and return the message after the change. Raises `ApiError`."""
        reply = FutureReply()
        stored = await self._commands.execute(conversation_id, ChangeMessage(user_id, change, reply), reply)
        assert stored is not None
        view = await self._queries.get_view(user_id, conversation_id)
        return (await self._queries.to_messages(user_id, view, [stored[0]]))[0]

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

        A direct conversation exists once per pair of users. `idempotency_key` identifies a retry. Users
        of a group who have to accept first get a request. Concurrent calls may exceed the bound on the
        conversations of a user. Raises `ApiError` or `StorageError`.
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
        blocked_ids = set(await self._consent.list_blocked_users(user.id))
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
        # This and the bound below may refuse the request, and refused ones leave their key unused.
        needed = (
            ConsentNeeded() if direct else await self._consent.check(user.id, member_ids, AdditionKind.GROUP)
        )
        if direct:
            conversation_id = direct_conversation_id(*member_ids)
        else:
            conversation_id = (
                idempotent_id(user.id, idempotency_key) if idempotency_key is not None else new_id()
            )
        participants = tuple(id_ for id_ in member_ids if id_ not in needed.user_ids)
        # Other users can open direct conversations with a user who is in too many: each has one at most.
        limited_ids = (user.id,) if direct else participants
        if await self._are_in_many(limited_ids) and await self._store.get(conversation_id) is None:
            raise conversation_limit()
        claim = None
        if idempotency_key is not None:
            digest = _request_digest(kind, member_ids, name)
            claim = await self._store.claim_idempotency_key(idempotent_id(user.id, idempotency_key), digest)
            if claim.digest != digest:
                raise ApiError(
                    "idempotency.conflict", "This idempotency key was used for another conversation."
                )
        record = ConversationRecord(
            id=conversation_id,
            type=kind.value,
            name=name,
            participants=participants,
            admins=() if direct else (user.id,),
            created_at_ms=now_ms(),
        )
        existing = await self._membership_notifier.create_conversation(record)
        if existing is not None:
            needed = needed.without(existing.participants)
        elif not direct:
            await self._remove_deleted(conversation_id, record.participants)
        await self._consent.request(user, RequestTarget(conversation_id, name), needed)
        return CreateResult(
            await self._queries.get(user.id, conversation_id),
            is_new=existing is None or not direct or _created_after(existing, claim),
            requested=needed.user_ids,
        )

    async def add_member(self, changed_by: UserCard, conversation_id: str, user_id: str) -> bool:
        """Add a user to a group. Returns False if the user got a request instead.

        Users get a request if their privacy settings require it, or if they left the group.
        """
        user = (await self._load_cards([user_id])).get(user_id)
        view = await self._queries.get_view(changed_by.id, conversation_id)
        # Only members may learn which users exist.
        if user is None or user_id in await self._consent.list_blocked_users(changed_by.id):
            raise ApiError("user.not_found", "There is no such user.")
        record = view.record
        needed = ConsentNeeded()
        if changed_by.id in record.admins and user_id not in record.participants:
            needed = await self._consent.check(changed_by.id, [user_id], AdditionKind.GROUP)
            if not needed.user_ids and await self._are_in_many([user_id]):
                raise conversation_limit()
        if not needed.user_ids:
            try:
                await self.change_membership(conversation_id, AddMember(changed_by, user))
            except ConsentRequiredError:
                needed = ConsentNeeded((user_id,))
            else:
                await self._consent.remove_request(user_id, conversation_id)
                return True
        await self._consent.request(changed_by, RequestTarget(conversation_id, record.name), needed)
        return False

    async def add_accepted(self, changed_by: UserCard, conversation_id: str, user: UserCard) -> None:
        """Add a user who accepted a request, if its sender `changed_by` may still add. Raises `ApiError`."""
        if await self._are_in_many([user.id]):
            record = await self._store.get(conversation_id)
            if record is not None and user.id not in record.participants:
                raise conversation_limit()
        await self.change_membership(conversation_id, AddMember(changed_by, user, accepted=True))

    async def remove_member(self, changed_by: UserCard, conversation_id: str, user_id: str) -> None:
        cards = await self._load_cards([user_id])
        await self.change_membership(
            conversation_id, RemoveMember(changed_by, serializers.to_user_card(user_id, cards))
        )

    async def update(
        self,
        changed_by: UserCard,
        conversation_id: str,
        name: str | None,
        admins: Sequence[str] | None,
        muted: bool | None,  # noqa: FBT001
    ) -> Conversation:
        """Change the name and the admins, and mute the conversation for `changed_by`. None keeps a value."""
        await self._queries.get_view(changed_by.id, conversation_id)
        if name is not None or admins is not None:
            unique_admins = None if admins is None else tuple(dict.fromkeys(admins))
            await self.change_membership(conversation_id, UpdateSettings(changed_by, name, unique_admins))
        if muted is not None:
            await self._store.set_muted(conversation_id, changed_by.id, muted=muted)
        return await self._queries.get(changed_by.id, conversation_id)

    async def _are_in_many(self, user_ids: Sequence[str]) -> bool:
        """Return whether one of the users is in as many conversations as a user may be in."""
        return await self._store.any_user_in_many(user_ids, CONVERSATIONS_MAX)

    # --- queries, see `ConversationQueries`

    def get(self, user_id: str, conversation_id: str) -> Coroutine[Any, Any, Conversation]:
        return self._queries.get(user_id, conversation_id)

    def page(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> Coroutine[Any, Any, tuple[list[Conversation], tuple[int, str] | None]]:
        return self._queries.page(user_id, after, limit)

    def participants(
        self, user_id: str, conversation_id: str, query: str | None, after: str, limit: int
    ) -> Coroutine[Any, Any, tuple[list[UserCard], str | None]]:
        return self._queries.participants(user_id, conversation_id, query, after, limit)

    def history(
        self, user_id: str, conversation_id: str, before: int | None, after: int | None, limit: int
    ) -> Coroutine[Any, Any, list[Message]]:
        return self._queries.history(user_id, conversation_id, before, after, limit)

    def history_around(
        self, user_id: str, conversation_id: str, seq: int, limit: int
    ) -> Coroutine[Any, Any, list[Message]]:
        return self._queries.history_around(user_id, conversation_id, seq, limit)

    def message(self, user_id: str, conversation_id: str, message_id: str) -> Coroutine[Any, Any, Message]:
        return self._queries.message(user_id, conversation_id, message_id)

    def can_see_message(self, user_id: str, message_id: str) -> Coroutine[Any, Any, bool]:
        return self._queries.can_see_message(user_id, message_id)

    def changes(
        self, user_id: str, conversation_id: str, after: int, limit: int
    ) -> Coroutine[Any, Any, tuple[list[LogFrame], int, bool]]:
        return self._queries.changes(user_id, conversation_id, after, limit)

    def mark_read(self, user_id: str, conversation_id: str, seq: int) -> Coroutine[Any, Any, ReadState]:
        return self._queries.mark_read(user_id, conversation_id, seq)

    def get_info(self, user_id: str, conversation_id: str) -> Coroutine[Any, Any, ConversationInfo]:
        return self._commands.get_info(user_id, conversation_id)


def _created_after(conversation: ConversationRecord, claim: IdempotencyClaim | None) -> bool:
    """Whether the first request with an idempotency key did not find the conversation."""
    return claim is not None and claim.claimed_at_ms <= conversation.created_at_ms


def _request_digest(kind: ConversationType, members: Sequence[str], name: str | None) -> str:
    request = msgspec.json.encode((kind, sorted(members), name))
    return hashlib.sha256(request).hexdigest()

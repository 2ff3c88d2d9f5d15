"""Membership by rule: groups whose members follow another service, such as the attendees of an event."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeAlias

from actors.conversations import serializers
from actors.conversations.command_sender import CommandSender
from actors.conversations.commands import (
    AddByRule,
    AnnounceByRule,
    ChangeMembersByRule,
    ChangeMembership,
    MembershipChange,
    RemoveByRule,
    RenameByRule,
    added_users,
)
from actors.conversations.future_reply import FutureReply
from actors.conversations.membership_notifier import MembershipNotifier
from actors.protocol.objects import ConversationType, UserCard
from actors.protocol.timestamps import now_ms
from storage.contracts.messaging import ConversationRecord, MessagingStore

FindExistingUsers: TypeAlias = Callable[[Sequence[str]], Awaitable[Collection[str]]]
"""Returns those of the users whose accounts exist, not from a cache. Raises `StorageError` or `ApiError`."""


class RuleMembership:
    """Implements `actors.events.group_conversations.GroupConversations`."""

    def __init__(
        self,
        store: MessagingStore,
        commands: CommandSender,
        membership_notifier: MembershipNotifier,
        find_existing_users: FindExistingUsers,
    ) -> None:
        self._store = store
        self._commands = commands
        self._membership_notifier = membership_notifier
        self._find_existing_users = find_existing_users

    async def change_membership(self, conversation_id: str, change: MembershipChange) -> None:
        """Apply a membership change, and wait until it is stored and users are notified.

        Raises `ApiError`, or `StorageError` if it is not known whether added users still exist.
        """
        reply = FutureReply()
        await self._commands.execute(conversation_id, ChangeMembership(change, reply), reply)
        await self._remove_deleted(conversation_id, [user.id for user in added_users(change)])

    async def _remove_deleted(self, conversation_id: str, user_ids: Sequence[str]) -> None:
        """Remove users whose accounts were deleted while they were being added.

        `remove_user` may have run before they were members.
        """
        if not user_ids:
            return
        existing_ids = await self._find_existing_users(user_ids)
        for user_id in user_ids:
            if user_id not in existing_ids:
                await self.remove_by_rule(conversation_id, serializers.to_user_card(user_id, {}))

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        """Create the group if it does not exist, with `creator` as its only member and admin.

        Raises `Unavailable`, and as `change_membership`.
        """
        record = ConversationRecord(
            id=conversation_id,
            type=ConversationType.GROUP.value,
            name=name,
            participants=(creator.id,),
            admins=(creator.id,),
            created_at_ms=now_ms(),
        )
        if await self._store.get(conversation_id) is None:
            await self._membership_notifier.create_conversation(record)
            await self._remove_deleted(conversation_id, record.participants)

    async def add_by_rule(
        self, conversation_id: str, user: UserCard, requested_at_ms: int, invited_at_ms: int
    ) -> None:
        """Add a user without an admin's permission. Raises `ApiError` (conversation.full).

        Does nothing if the user left after `requested_at_ms`, or an admin removed the user after
        `invited_at_ms`.
        """
        await self.change_membership(conversation_id, AddByRule(user, requested_at_ms, invited_at_ms))

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        """Remove a user without an admin's permission. Does nothing if the user is not a member."""
        await self.change_membership(conversation_id, RemoveByRule(user))

    async def rename_by_rule(
        self, conversation_id: str, changed_by: UserCard, old_name: str, name: str
    ) -> None:
        """Change the name from `old_name`. Does nothing if an admin has given the group another name."""
        await self.change_membership(conversation_id, RenameByRule(changed_by, old_name, name))

    async def announce_by_rule(self, conversation_id: str, changed_by: UserCard, text: str, key: str) -> None:
        """Store a SYSTEM message of `changed_by`.

        Raises `ApiError` (idempotency.conflict) if this user has stored one under `key`.
        """
        await self.change_membership(conversation_id, AnnounceByRule(changed_by, text, key))

    async def change_members_by_rule(
        self,
        conversation_id: str,
        changed_by: UserCard,
        text: str,
        joined: Sequence[UserCard] = (),
        left: Sequence[str] = (),
        *,
        without_admins: bool = False,
    ) -> None:
        """Add and remove users without an admin's permission, in one SYSTEM message with `text`.

        Users who left, or whom an admin removed, are not added; nor are users above the limit of members. A
        group `without_admins` has none until the next change by this method.
        """
        await self.change_membership(
            conversation_id,
            ChangeMembersByRule(changed_by, text, tuple(joined), tuple(left), without_admins),
        )

    async def list_members(self, conversation_id: str) -> Sequence[str]:
        """Return the members as of the last membership change; none of a conversation that does not exist."""
        record = await self._store.get(conversation_id)
        return () if record is None else record.participants

    async def remove_user(self, user_id: str) -> None:
        """Remove a deleted user from all groups. Direct conversations stay with the other member."""
        for membership in await self._store.list_memberships(user_id, None):
            if membership.conversation.type == ConversationType.GROUP:
                await self.remove_by_rule(membership.conversation.id, serializers.to_user_card(user_id, {}))

"""The members, admins and name of a conversation after each entry of its log.

`plan_change` computes what a membership change does; `apply` applies what the log says was done.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, islice

import msgspec

from actors.conversations.commands import (
    AddByRule,
    AddMember,
    AnnounceByRule,
    ChangeByRule,
    ChangeMembersByRule,
    MembershipChange,
    RemoveByRule,
    RemoveMember,
    RenameByRule,
    UpdateSettings,
)
from actors.conversations.errors import ConsentRequiredError, not_found
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import ConversationType, UserCard
from config.limits import FORMER_MEMBERS_KEPT, PARTICIPANTS_MAX
from storage.contracts.message_log import MembershipDelta, MessageEntry
from storage.contracts.messaging import ConversationRecord, FormerMember


class Roster:
    __slots__ = ("_former_members", "admins", "members", "name", "type")

    def __init__(self, conversation: ConversationRecord) -> None:
        self.type = conversation.type
        self.name = conversation.name
        # In order of joining.
        self.members: dict[str, None] = dict.fromkeys(conversation.participants)
        self.admins: dict[str, None] = dict.fromkeys(conversation.admins)
        # In order of leaving.
        self._former_members = {former.user_id: former for former in conversation.former_members}

    def apply(self, entry: MessageEntry) -> None:
        membership = entry.membership
        assert membership is not None
        for user_id in membership.left:
            self.members.pop(user_id, None)
            self.admins.pop(user_id, None)
            self._former_members.pop(user_id, None)
            if not membership.by_rule:
                self._former_members[user_id] = FormerMember(
                    user_id, entry.created_at_ms, removed=entry.sender_id != user_id
                )
        for user_id in membership.joined:
            self.members.setdefault(user_id)
            self._former_members.pop(user_id, None)
        while len(self._former_members) > FORMER_MEMBERS_KEPT:
            del self._former_members[next(iter(self._former_members))]
        if membership.name is not None:
            self.name = membership.name
        if membership.admins is not None:
            self.admins = dict.fromkeys(membership.admins)

    def record(self, conversation: ConversationRecord, applied_seq: int) -> ConversationRecord:
        """Return the conversation's record as of the entry at `applied_seq`."""
        return msgspec.structs.replace(
            conversation,
            name=self.name,
            participants=tuple(self.members),
            admins=tuple(self.admins),
            applied_seq=applied_seq,
            former_members=tuple(self._former_members.values()),
        )

    def plan_change(self, change: MembershipChange) -> tuple[MembershipDelta, str] | None:
        """Return the delta and the text of its SYSTEM message, or None if nothing changes.

        Raises:
            ApiError: conversation.not_found (`changed_by` is not a member), conversation.direct,
                permission.denied, participant.not_found, conversation.full, request.invalid.
            ConsentRequiredError: the user to add left, and has not accepted.
        """
        changed_by = change.changed_by
        if isinstance(change, ChangeByRule):
            return self._plan_by_rule(change)
        if changed_by.id not in self.members:
            raise not_found()
        if self.type == ConversationType.DIRECT:
            raise ApiError(
                "conversation.direct",
                "The members, admins and name of a direct conversation cannot be changed.",
            )
        match change:
            case AddMember(user=user):
                self._require_admin(changed_by.id)
                former = self._former_members.get(user.id)
                if former is not None and not former.removed and not change.accepted:
                    raise ConsentRequiredError
                return self._plan_add(user, f"@{changed_by.username} added @{user.username}")
            case RemoveMember(user=user):
                return self._plan_remove(change)
            case UpdateSettings():
                return self._plan_settings(change)

    def _plan_add(self, user: UserCard, text: str) -> tuple[MembershipDelta, str] | None:
        if user.id in self.members:
            return None
        if len(self.members) >= PARTICIPANTS_MAX:
            raise ApiError("conversation.full", f"A conversation has at most {PARTICIPANTS_MAX} members.")
        return MembershipDelta(len(self.members) + 1, joined=(user.id,)), text

    def _plan_by_rule(self, change: ChangeByRule) -> tuple[MembershipDelta, str] | None:
        match change:
            case AddByRule(user=user):
                if not self._may_rejoin(change):
                    return None
                return self._plan_add(user, f"@{user.username} joined")
            case RemoveByRule(user=user):
                if user.id not in self.members:
                    return None
                membership, text = self._plan_remove(RemoveMember(user, user))
                return msgspec.structs.replace(membership, by_rule=True), text
            case RenameByRule(changed_by=changed_by, old_name=old_name, name=name):
                if self.name != old_name or name == old_name:
                    return None
                delta = MembershipDelta(len(self.members), name=name)
                return delta, f'@{changed_by.username} changed the name to "{name}"'
            case AnnounceByRule(text=text):
                return MembershipDelta(len(self.members)), text
            case ChangeMembersByRule():
                return self._plan_members(change)

    def _plan_members(self, change: ChangeMembersByRule) -> tuple[MembershipDelta, str] | None:
        left = tuple(user_id for user_id in change.left if user_id in self.members)
        unknown = (
            user.id
            for user in change.joined
            if user.id not in self.members and user.id not in self._former_members
        )
        remaining_count = len(self.members) - len(left)
        joined = tuple(islice(unknown, PARTICIPANTS_MAX - remaining_count))
        leaving = frozenset(left)
        admins: tuple[str, ...] | None
        if change.without_admins:
            admins = () if self.admins else None
        elif self.admins:
            admins = self._admins_without(leaving, joined)
        else:
            admins = self._first_member_without(leaving, joined) or None
        if not joined and not left and admins is None:
            return None
        delta = MembershipDelta(remaining_count + len(joined), joined, left, None, admins, by_rule=True)
        return delta, change.text

    def _may_rejoin(self, change: AddByRule) -> bool:
        """Whether the user is no former member, asked again after leaving, or was invited after a removal."""
        former = self._former_members.get(change.user.id)
        if former is None:
            return True
        permitted_at_ms = change.invited_at_ms if former.removed else change.requested_at_ms
        return permitted_at_ms > former.at_ms

    def _plan_remove(self, change: RemoveMember) -> tuple[MembershipDelta, str]:
        changed_by, user = change.changed_by, change.user
        leaving = changed_by.id == user.id
        if not leaving:
            self._require_admin(changed_by.id)
            if user.id not in self.members:
                raise ApiError("participant.not_found", "The user is not a member of this conversation.")
        membership = MembershipDelta(
            len(self.members) - 1, left=(user.id,), admins=self._admins_without({user.id})
        )
        text = f"@{user.username} left" if leaving else f"@{changed_by.username} removed @{user.username}"
        return membership, text

    def _plan_settings(self, change: UpdateSettings) -> tuple[MembershipDelta, str] | None:
        self._require_admin(change.changed_by.id)
        name = change.name if change.name != self.name else None
        admins = change.admins
        if admins is not None:
            if not admins or any(user_id not in self.members for user_id in admins):
                raise invalid_field("admins", "`admins` must name at least one user, and only members.")
            if set(admins) == set(self.admins):
                admins = None
        if name is None and admins is None:
            return None
        changes = [f'changed the name to "{name}"'] if name is not None else []
        changes += ["changed the admins"] if admins is not None else []
        membership = MembershipDelta(len(self.members), name=name, admins=admins)
        return membership, f"@{change.changed_by.username} {' and '.join(changes)}"

    def _admins_without(
        self, leaving: AbstractSet[str], joined: Sequence[str] = ()
    ) -> tuple[str, ...] | None:
        """Return the admins after these members have left; None if they stay the same.

        If none is left, the member who joined first becomes the admin.
        """
        if leaving.isdisjoint(self.admins):
            return None
        remaining = tuple(admin_id for admin_id in self.admins if admin_id not in leaving)
        return remaining or self._first_member_without(leaving, joined)

    def _first_member_without(self, leaving: AbstractSet[str], joined: Sequence[str]) -> tuple[str, ...]:
        members = (member_id for member_id in chain(self.members, joined) if member_id not in leaving)
        return tuple(islice(members, 1))

    def _require_admin(self, user_id: str) -> None:
        if user_id not in self.admins:
            raise ApiError("permission.denied", "Only an admin of the conversation can do this.")

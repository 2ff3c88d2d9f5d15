"""Who may add a user to groups, and invite the user to events, without asking first.

The one rule for additions: people with a block between them do not exist for each other (`user.not_found`, by
the caller); of all others the privacy settings decide. Stateless; every decision reads the stores.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from storage.contracts.privacy import EVERYONE, KNOWN, PrivacyRecord, PrivacyStore
from storage.contracts.social import SocialStore


class AdditionKind(StrEnum):
    GROUP = "group"
    INVITE = "invite"


class ConsentNeeded(msgspec.Struct, frozen=True):
    """Users who have to accept first. Those in `unseen` accept no requests; the adder does not learn it."""

    user_ids: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    def without(self, user_ids: Collection[str]) -> "ConsentNeeded":
        return ConsentNeeded(
            tuple(user_id for user_id in self.user_ids if user_id not in user_ids),
            tuple(user_id for user_id in self.unseen if user_id not in user_ids),
        )


class KnownUsers(Protocol):
    async def users_knowing(self, user_id: str, others: Sequence[str]) -> set[str]:
        """Return those of `others` that know the user from a conversation."""


class Consent:
    def __init__(self, privacy: PrivacyStore, social: SocialStore, conversations: KnownUsers) -> None:
        self._privacy = privacy
        self._social = social
        self._conversations = conversations

    async def find_needed(self, actor_id: str, user_ids: Sequence[str], kind: AdditionKind) -> ConsentNeeded:
        """Return those of the users that the actor may not add directly.

        Cost: one query if no user restricts anything, and at most four, whatever the number of users.
        """
        others = [user_id for user_id in user_ids if user_id != actor_id]
        if not others:
            return ConsentNeeded()
        restricted = await self._privacy.list_restricted(others)
        settings = {user_id: _setting(record, kind) for user_id, record in restricted.items()}
        unknown = await self._find_unknown(
            actor_id, [user_id for user_id, setting in settings.items() if setting == KNOWN]
        )
        needed = tuple(
            user_id
            for user_id in others
            if settings.get(user_id, EVERYONE) not in {EVERYONE, KNOWN} or user_id in unknown
        )
        return ConsentNeeded(needed, tuple(user_id for user_id in needed if user_id not in unknown))

    async def _find_unknown(self, actor_id: str, user_ids: Sequence[str]) -> set[str]:
        """Return those who neither follow the actor nor know the actor from a conversation."""
        if not user_ids:
            return set()
        unknown = set(user_ids) - await self._social.followers_among(actor_id, user_ids)
        if unknown:
            unknown -= await self._conversations.users_knowing(actor_id, sorted(unknown))
        return unknown


def _setting(record: PrivacyRecord, kind: AdditionKind) -> str:
    return record.groups if kind is AdditionKind.GROUP else record.invites

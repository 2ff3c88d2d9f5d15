"""The part of the conversation service that event conversations need."""

import logging
from collections.abc import Awaitable, Sequence
from typing import Protocol

from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard

_log = logging.getLogger(__name__)


class GroupConversations(Protocol):
    """Groups whose members follow the attendees of events. Changes raise `ApiError`."""

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        """Create the group unless it exists. The creator is its first member and admin."""

    async def add_by_rule(
        self, conversation_id: str, user: UserCard, requested_at_ms: int, invited_at_ms: int
    ) -> None:
        """Add a user, unless the user left after `requested_at_ms`, or was removed after `invited_at_ms`.

        Raises `conversation.full`.
        """

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        """Remove a user, also one whom an admin added."""

    async def rename_by_rule(
        self, conversation_id: str, changed_by: UserCard, old_name: str, name: str
    ) -> None:
        """Change the name from `old_name`. Does nothing if the group has another name."""

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
        """Add and remove users, in one SYSTEM message. Users who left or were removed are not added.

        A group `without_admins` has none until the next such change, so that no member adds users.
        """

    async def list_members(self, conversation_id: str) -> Sequence[str]:
        """Return the members; none of a conversation that does not exist."""

    async def announce_by_rule(self, conversation_id: str, changed_by: UserCard, text: str, key: str) -> None:
        """Store a SYSTEM message. Raises `idempotency.conflict` if one was stored under `key`."""


async def log_refusal(change: Awaitable[None]) -> None:
    """Wait for a change. A final refusal is logged: the change was made, or is not possible."""
    try:
        await change
    except ApiError as error:
        if error.retry:
            raise
        _log.info("event conversation not changed: %s", error.code)

"""The User service's store of privacy settings. All methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

EVERYONE: Final = "everyone"
KNOWN: Final = "known"
NO_ONE: Final = "nobody"


class PrivacyRecord(msgspec.Struct, frozen=True):
    """Who may add a user to groups, and who may invite the user to events.

    `EVERYONE`, `KNOWN` (users whom the user knows, see `ConversationStore.users_knowing`) or `NO_ONE`.
    """

    groups: str = EVERYONE
    invites: str = EVERYONE


class PrivacyStore(Protocol):
    async def get(self, user_id: str) -> PrivacyRecord:
        """Return a user's settings; `EVERYONE` where none are stored."""

    async def change(self, user_id: str, groups: str | None, invites: str | None) -> PrivacyRecord:
        """Change the settings that are not None and return all of them. Raises `Missing`: no such user."""

    async def list_restricted(self, user_ids: Sequence[str]) -> Mapping[str, PrivacyRecord]:
        """Return by user the settings that restrict anything; absent for everyone else. One round trip."""

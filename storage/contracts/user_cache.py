"""Cached user data of a service, and the User service's reads to fill it.

All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from storage.contracts.domain_events import CursorUpdate


class UserSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A user's public fields as of `version`. A deleted user keeps only `id`, `version` and `deleted`.

    `private` is known only from the User service; user caches do not store it.
    """

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    version: int
    deleted: bool = False
    private: bool = False


class UserCardRecord(msgspec.Struct, frozen=True, gc=False):
    """A user as joined to a row of another table; `is_cached` is false if no snapshot is cached yet."""

    id: str
    username: str = ""
    display_name: str | None = None
    avatar_url: str | None = None
    verified: bool = False
    is_cached: bool = False
    deleted: bool = False


class UserCache(Protocol):
    """One service's `user_cache`."""

    async def apply(self, snapshots: Sequence[UserSnapshot], cursor_update: CursorUpdate | None) -> None:
        """Store snapshots, each unless a newer version is stored, and advance the cursor.

        One transaction.

        Raises:
            Conflict: `cursor`: another reader has moved it; nothing was stored.
        """

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        """Return cached snapshots, including deleted users, in no particular order."""

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        """Return snapshots with ids greater than `after`, in id order."""


class UserSnapshotStore(Protocol):
    """The User service's data, as other services read it, and the deletion of users."""

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        """Return those that exist, in no particular order. One round trip."""

    async def find_by_usernames(self, usernames: Sequence[str]) -> list[UserSnapshot]:
        """Return those that exist by username in lower case, in no particular order.

        Without banned and suspended users.
        """

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        """Return snapshots with ids greater than `after`, in id order."""

    async def delete(self, user_id: str) -> list[str] | None:
        """Delete a user permanently. Returns the ended session ids; None if the user does not exist.

        Raises:
            Conflict: `last_admin`: there would be no admin left who can log in.
        """

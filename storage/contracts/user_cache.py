"""What a service keeps of people, and the service that owns them. All raise `Unavailable`."""

from collections.abc import Sequence
from typing import Protocol

from storage.records.domain_events import CursorUpdate
from storage.records.user_cache import UserSnapshot


class UserCache(Protocol):
    """One service's `user_cache`."""

    async def apply(self, snapshots: Sequence[UserSnapshot], cursor_update: CursorUpdate | None) -> None:
        """Take copies in, each unless a newer one is here, and move the cursor, in one transaction.

        Raises:
            Conflict: `cursor`: somebody else has moved it; nothing was taken in.
        """

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        """Those that are here, the deleted too; in no order."""

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        """In the order of ids, behind that one."""


class UserSnapshotStore(Protocol):
    """The User service, as the other services ask it."""

    async def find(self, ids: Sequence[str]) -> list[UserSnapshot]:
        """Those that exist, in no order. One round trip."""

    async def page(self, after: str, limit: int) -> list[UserSnapshot]:
        """In the order of ids, behind that one."""

    async def delete(self, user_id: str) -> list[str] | None:
        """Delete a user for good; answers the sessions that ended, None when there is no such user."""

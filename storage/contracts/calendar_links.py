"""Secret links to users' calendars. All methods raise `Unavailable`."""

from datetime import datetime
from typing import Protocol


class CalendarLinkStore(Protocol):
    """At most one link a user; the store knows only the hash of its token."""

    async def set(self, user_id: str, token_hash: str) -> datetime:
        """Create or replace the user's link, and return when it was created. The same hash keeps the time.

        Raises:
            Missing: there is no such user.
        """

    async def get_created_at(self, user_id: str) -> datetime | None:
        """Return when the user's link was created; None without one."""

    async def delete(self, user_id: str) -> None:
        """Delete the user's link. Idempotent."""

    async def find_user_id(self, token_hash: str) -> str | None:
        """Return the user of a link; None for an unknown hash, and for banned and suspended users."""

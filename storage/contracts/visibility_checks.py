"""Checks whether the recipients of notifications can still see what these are about.

All methods raise `Unavailable`.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

import msgspec

from storage.contracts.domain_events import CursorUpdate
from storage.contracts.paging import PageKey


class CheckKind(Enum):
    """Which notifications are checked: those about posts of the user, or those that the user has."""

    AUTHOR = "author"
    RECIPIENT = "recipient"


class VisibilityCheck(msgspec.Struct, frozen=True):
    """A check that is not finished. It has done everything down to the key `before`; None at the start."""

    kind: CheckKind
    user_id: str
    before: PageKey | None = None
    version: int = 0


class VisibilityCheckStore(Protocol):
    """A queue of checks, one for each kind and user."""

    async def add(self, checks: Sequence[tuple[CheckKind, str]], cursor_update: CursorUpdate | None) -> None:
        """Add checks and advance the cursor, in one transaction. One that is not finished starts again.

        Raises:
            Conflict: `cursor`: another reader has moved it; nothing was stored.
        """

    async def next(self) -> VisibilityCheck | None:
        """Return the check that has waited longest for its next step."""

    async def advance(self, check: VisibilityCheck, before: PageKey | None) -> None:
        """Store how far a check is; None: it is finished. Without effect if it was started again."""

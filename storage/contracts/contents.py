"""Items that can be reported and hidden, as moderators see them. All methods raise `Unavailable`."""

from datetime import datetime
from typing import Protocol

import msgspec


class ContentRecord(msgspec.Struct, frozen=True):
    """A text by a user; of an event, its title and description. `container_id` is the post of a comment."""

    id: str
    author_id: str
    content: str
    created_at: datetime
    is_hidden: bool
    container_id: str | None = None


class ContentStore(Protocol):
    """The items of one kind."""

    async def find(self, content_id: str) -> ContentRecord | None:
        """Return an item, also a hidden one."""

    async def set_hidden(self, content_id: str, *, hidden: bool) -> bool:
        """Hide or restore an item. Idempotent. Returns whether it exists."""

"""Contents that can be hidden, in memory."""

from datetime import UTC, datetime

import msgspec

from storage.contracts.contents import ContentRecord


class MemoryContents:
    """Implements `storage.contracts.contents.ContentStore`."""

    def __init__(self) -> None:
        self.contents: dict[str, ContentRecord] = {}

    def add(self, content_id: str, author_id: str) -> None:
        created_at = datetime(2026, 1, 1, tzinfo=UTC)
        self.contents[content_id] = ContentRecord(
            content_id, author_id, "a post", created_at, is_hidden=False
        )

    async def find(self, content_id: str) -> ContentRecord | None:
        return self.contents.get(content_id)

    async def set_hidden(self, content_id: str, *, hidden: bool) -> bool:
        content = self.contents.get(content_id)
        if content is not None:
            self.contents[content_id] = msgspec.structs.replace(content, is_hidden=hidden)
        return content is not None

"""In-memory user streams, published through the broker of the in-memory bus.

A test can let an append fail before or after it takes effect, or clear everything as a server restart does.
Items do not expire.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence

from config.limits import STREAM_ITEMS_MAX
from storage.contracts.bus import user_topic
from storage.contracts.user_streams import StreamItem, StreamPosition, encode_stream_item
from storage.errors import Unavailable
from storage.memory.bus import MemoryBroker


class MemoryUserStreams:
    """Implements `storage.contracts.user_streams.UserStreams`. All instances share one object."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._epoch = secrets.token_hex(8)
        self._heads: dict[str, int] = {}
        self._items: dict[str, deque[StreamItem]] = {}
        self._fail_after_append: bool | None = None
        self._has_failed_append = False

    def fail_next(self, *, after_append: bool) -> None:
        """Make the next append raise `Unavailable`, after it took effect or without effect."""
        self._fail_after_append = after_append

    def clear(self) -> None:
        """Delete everything, like a restart of the server."""
        self._epoch = secrets.token_hex(8)
        self._heads.clear()
        self._items.clear()

    async def append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        try:
            return await self._append(user_id, prefix, suffix)
        except Unavailable:
            self._has_failed_append = True
            raise

    async def _append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        await self._yield_or_fail()
        fail, self._fail_after_append = self._fail_after_append, None
        if fail is False:
            raise Unavailable("memory: injected failure")
        position = self._heads.get(user_id, 0) + 1
        self._heads[user_id] = position
        item = StreamItem(self._epoch, position, b"%b%d%b" % (prefix, position, suffix))
        self._items.setdefault(user_id, deque(maxlen=STREAM_ITEMS_MAX)).append(item)
        self._broker.publish(user_topic(user_id), encode_stream_item(item))
        if fail:
            raise Unavailable("memory: injected failure")
        return StreamPosition(self._epoch, position)

    async def positions(self, user_ids: Sequence[str]) -> list[StreamPosition]:
        await self._yield_or_fail()
        return [StreamPosition(self._epoch, self._heads.get(user_id, 0)) for user_id in user_ids]

    async def read_after(
        self, user_id: str, epoch: str, position: int, limit: int
    ) -> list[StreamItem] | None:
        await self._yield_or_fail()
        missed = self._heads.get(user_id, 0) - position
        kept = self._items.get(user_id, ())
        if epoch != self._epoch or not 0 <= missed <= len(kept):
            return None
        return [item for item in kept if item.position > position][:limit]

    async def begin_epoch(self) -> None:
        await self._yield_or_fail()
        self.clear()

    async def begin_epoch_after_loss(self) -> None:
        if self._has_failed_append:
            await self.begin_epoch()
            self._has_failed_append = False

    async def check(self) -> None:
        await self._yield_or_fail()

    async def _yield_or_fail(self) -> None:
        await asyncio.sleep(0)
        if not self._broker.connected:
            raise Unavailable("memory: not connected")

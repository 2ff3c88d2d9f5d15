"""User streams over several Redis servers: each where its user's topic is, for appending publishes."""

import asyncio
from collections.abc import Sequence

from storage.contracts.bus import Position, user_topic
from storage.records.stream import StreamItem
from storage.redis.patience import Patience
from storage.redis.shards import Shards, all_opened
from storage.redis.user_stream import RedisUserStreams


class ShardedUserStreams:
    """Implements `storage.contracts.bus.UserStreams`."""

    def __init__(self, streams: Sequence[RedisUserStreams]) -> None:
        self._streams = streams
        self._shards = Shards(len(streams))

    @classmethod
    async def open(cls, urls: Sequence[str], *, patience: Patience | None = None) -> "ShardedUserStreams":
        """Connect to all. Raises `Unavailable`, or `ValueError` for what is no URL of Redis."""
        return cls(await all_opened(RedisUserStreams.open(url, patience=patience) for url in urls))

    async def close(self) -> None:
        await asyncio.gather(*(streams.close() for streams in self._streams))

    async def append(self, user_id: str, head: bytes, tail: bytes) -> Position:
        return await self._of(user_id).append(user_id, head, tail)

    async def positions(self, user_ids: Sequence[str]) -> list[Position]:
        parts: dict[RedisUserStreams, list[str]] = {}
        for user_id in user_ids:
            parts.setdefault(self._of(user_id), []).append(user_id)
        found = await asyncio.gather(*(streams.positions(some) for streams, some in parts.items()))
        places = {
            user_id: place
            for some, positions in zip(parts.values(), found, strict=True)
            for user_id, place in zip(some, positions, strict=True)
        }
        return [places[user_id] for user_id in user_ids]

    async def after(self, user_id: str, epoch: str, position: int, limit: int) -> list[StreamItem] | None:
        return await self._of(user_id).after(user_id, epoch, position, limit)

    async def renew(self) -> None:
        await asyncio.gather(*(streams.renew() for streams in self._streams))

    def _of(self, user_id: str) -> RedisUserStreams:
        return self._streams[self._shards.of(user_topic(user_id))]

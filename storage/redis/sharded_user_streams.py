"""User streams over several Redis servers. A stream is on the server of its topic: append publishes."""

import asyncio
from collections.abc import Sequence

from storage.contracts.bus import StreamPosition, user_topic
from storage.records.user_stream import StreamItem
from storage.redis.shards import Shards, open_all
from storage.redis.timeouts import Timeouts
from storage.redis.user_streams import RedisUserStreams


class ShardedUserStreams:
    """Implements `storage.contracts.bus.UserStreams`."""

    def __init__(self, streams: Sequence[RedisUserStreams]) -> None:
        self._streams = streams
        self._shards = Shards(len(streams))

    @classmethod
    async def open(cls, urls: Sequence[str], *, timeouts: Timeouts | None = None) -> "ShardedUserStreams":
        """Connect to all servers. Raises `Unavailable`, or `ValueError` if one is not a Redis URL."""
        return cls(await open_all(RedisUserStreams.open(url, timeouts=timeouts) for url in urls))

    async def close(self) -> None:
        await asyncio.gather(*(streams.close() for streams in self._streams))

    async def append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        return await self._shard_for(user_id).append(user_id, prefix, suffix)

    async def positions(self, user_ids: Sequence[str]) -> list[StreamPosition]:
        groups: dict[RedisUserStreams, list[str]] = {}
        for user_id in user_ids:
            groups.setdefault(self._shard_for(user_id), []).append(user_id)
        replies = await asyncio.gather(*(streams.positions(group) for streams, group in groups.items()))
        positions = {
            user_id: position
            for group, reply in zip(groups.values(), replies, strict=True)
            for user_id, position in zip(group, reply, strict=True)
        }
        return [positions[user_id] for user_id in user_ids]

    async def read_after(
        self, user_id: str, epoch: str, position: int, limit: int
    ) -> list[StreamItem] | None:
        return await self._shard_for(user_id).read_after(user_id, epoch, position, limit)

    async def reset(self) -> None:
        await asyncio.gather(*(streams.reset() for streams in self._streams))

    def _shard_for(self, user_id: str) -> RedisUserStreams:
        return self._streams[self._shards.shard_of(user_topic(user_id))]

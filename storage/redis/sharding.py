"""Several Redis servers: topics are assigned by rendezvous hashing (Thaler and Ravishankar, 1998).

Every instance computes the same assignment. An added server takes an even share of the topics, and no other
topic moves. A server is identified by its index in the list, so servers may be added only at the end. A lost
server affects its topics only.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol, TypeVar

from storage.contracts.bus import PRESENCE_TOPIC_PREFIX, BusStatistics, user_topic
from storage.contracts.user_streams import StreamItem, StreamPosition
from storage.errors import Unavailable
from storage.redis.bus import RedisBus
from storage.redis.timeouts import Timeouts
from storage.redis.user_streams import RedisUserStreams
from storage.store_calls import PoolStatistics

SHARD_CACHE_SIZE = 65_536


class Closable(Protocol):
    async def close(self) -> None: ...


PerServer = TypeVar("PerServer", bound=Closable)


async def open_all(openings: Iterable[Awaitable[PerServer]]) -> list[PerServer]:
    """Open one client after another; if one fails, close those opened before it."""
    opened: list[PerServer] = []
    async with contextlib.AsyncExitStack() as stack:
        for opening in openings:
            client = await opening
            stack.push_async_callback(client.close)
            opened.append(client)
        stack.pop_all()
    return opened


class Shards:
    def __init__(self, servers: int) -> None:
        self._prefixes = [f"{server}:".encode() for server in range(servers)]
        self.shard_of = lru_cache(SHARD_CACHE_SIZE)(self._compute_shard)
        """Return the index of a topic's server."""

    def group_by_shard(self, topics: Sequence[str]) -> dict[int, list[str]]:
        """Group topics by the index of their server."""
        groups: dict[int, list[str]] = {}
        for topic in topics:
            groups.setdefault(self.shard_of(topic), []).append(topic)
        return groups

    def _compute_shard(self, topic: str) -> int:
        if topic.startswith(PRESENCE_TOPIC_PREFIX):
            # Presence is stored on the first server only, and its scripts publish there.
            return 0
        name = topic.encode()
        weights = [blake2b(prefix + name, digest_size=8).digest() for prefix in self._prefixes]
        return weights.index(max(weights))


class ShardedBus:
    """Implements `storage.contracts.bus.Bus`."""

    def __init__(self, buses: Sequence[RedisBus]) -> None:
        self._buses = buses
        self._shards = Shards(len(buses))

    @classmethod
    async def open(
        cls, urls: Sequence[str], *, queued_messages_max: int, timeouts: Timeouts | None = None
    ) -> "ShardedBus":
        """Connect to all servers. Raises `Unavailable`, or `InvalidStoreUrl`."""
        return cls(
            await open_all(
                RedisBus.open(url, queued_messages_max=queued_messages_max, timeouts=timeouts) for url in urls
            )
        )

    async def close(self) -> None:
        await asyncio.gather(*(bus.close() for bus in self._buses))

    async def check(self) -> None:
        """Check all servers. Raises `Unavailable` if one of them fails."""
        await asyncio.gather(*(bus.check() for bus in self._buses))

    def publish(self, topic: str, message: bytes) -> None:
        self._buses[self._shards.shard_of(topic)].publish(topic, message)

    async def subscribe(self, topics: Sequence[str]) -> None:
        groups = self._shards.group_by_shard(topics)
        await asyncio.gather(*(self._buses[shard].subscribe(group) for shard, group in groups.items()))

    def unsubscribe(self, topics: Sequence[str]) -> None:
        for shard, group in self._shards.group_by_shard(topics).items():
            self._buses[shard].unsubscribe(group)

    def set_message_callback(self, callback: Callable[[str, bytes], None]) -> None:
        for bus in self._buses:
            bus.set_message_callback(callback)

    def set_loss_callback(self, callback: Callable[[], None]) -> None:
        for bus in self._buses:
            bus.set_loss_callback(callback)

    def statistics(self) -> BusStatistics:
        """Return the sums over all servers; the lag is the maximum."""
        statistics = [bus.statistics() for bus in self._buses]
        return BusStatistics(
            connected=all(bus.connected for bus in statistics),
            topics=sum(bus.topics for bus in statistics),
            waiting=sum(bus.waiting for bus in statistics),
            published=sum(bus.published for bus in statistics),
            received=sum(bus.received for bus in statistics),
            dropped=sum(bus.dropped for bus in statistics),
            reconnects=sum(bus.reconnects for bus in statistics),
            lag_ms=max(bus.lag_ms for bus in statistics),
        )


class ShardedUserStreams:
    """Implements `storage.contracts.user_streams.UserStreams`."""

    def __init__(self, streams: Sequence[RedisUserStreams]) -> None:
        self._streams = streams
        self._shards = Shards(len(streams))

    @classmethod
    async def open(cls, urls: Sequence[str], *, timeouts: Timeouts | None = None) -> "ShardedUserStreams":
        """Connect to all servers. Raises `Unavailable`, or `InvalidStoreUrl`."""
        return cls(await open_all(RedisUserStreams.open(url, timeouts=timeouts) for url in urls))

    async def close(self) -> None:
        await asyncio.gather(*(streams.close() for streams in self._streams))

    def statistics(self) -> list[PoolStatistics]:
        return [pool for streams in self._streams for pool in streams.statistics()]

    async def check(self) -> None:
        await asyncio.gather(*(streams.check() for streams in self._streams))

    async def append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        return await self._shard_for(user_id).append(user_id, prefix, suffix)

    async def positions(self, user_ids: Sequence[str]) -> list[StreamPosition | None]:
        groups: dict[RedisUserStreams, list[str]] = {}
        for user_id in user_ids:
            groups.setdefault(self._shard_for(user_id), []).append(user_id)
        calls = (streams.positions(group) for streams, group in groups.items())
        replies = await asyncio.gather(*calls, return_exceptions=True)
        errors = [reply for reply in replies if isinstance(reply, BaseException)]
        for error in errors:
            if len(errors) == len(replies) or not isinstance(error, Unavailable):
                raise error
        positions = {
            user_id: position
            for group, reply in zip(groups.values(), replies, strict=True)
            if not isinstance(reply, BaseException)
            for user_id, position in zip(group, reply, strict=True)
        }
        return [positions.get(user_id) for user_id in user_ids]

    async def read_after(
        self, user_id: str, epoch: str, position: int, limit: int
    ) -> list[StreamItem] | None:
        return await self._shard_for(user_id).read_after(user_id, epoch, position, limit)

    async def begin_epoch(self) -> None:
        # Not while one is lost: each attempt would make the users of the others load their state again.
        await self.check()
        await asyncio.gather(*(streams.begin_epoch() for streams in self._streams))

    async def begin_epoch_after_loss(self) -> None:
        await asyncio.gather(*(streams.begin_epoch_after_loss() for streams in self._streams))

    def _shard_for(self, user_id: str) -> RedisUserStreams:
        return self._streams[self._shards.shard_of(user_topic(user_id))]

"""One bus over several Redis servers, each topic at its own.

A lost server delays the topics that are there, and no others.
"""

import asyncio
from collections.abc import Callable, Sequence

from storage.contracts.bus import BusStatistics
from storage.redis.bus import RedisBus
from storage.redis.shards import Shards, open_all
from storage.redis.timeouts import Timeouts


class ShardedBus:
    """Implements `storage.contracts.bus.Bus`."""

    def __init__(self, buses: Sequence[RedisBus]) -> None:
        self._buses = buses
        self._shards = Shards(len(buses))

    @classmethod
    async def open(
        cls, urls: Sequence[str], *, queue_frames: int, timeouts: Timeouts | None = None
    ) -> "ShardedBus":
        """Connect to all. Raises `Unavailable`, or `ValueError` for what is no URL of Redis."""
        return cls(
            await open_all(RedisBus.open(url, queue_frames=queue_frames, timeouts=timeouts) for url in urls)
        )

    async def close(self) -> None:
        await asyncio.gather(*(bus.close() for bus in self._buses))

    async def check(self) -> None:
        """Raises `Unavailable` where one of them does not work."""
        await asyncio.gather(*(bus.check() for bus in self._buses))

    def publish(self, topic: str, frame: bytes) -> None:
        self._buses[self._shards.shard_of(topic)].publish(topic, frame)

    async def subscribe(self, topics: Sequence[str]) -> None:
        parts = self._shards.group_by_shard(topics)
        await asyncio.gather(*(self._buses[shard].subscribe(some) for shard, some in parts.items()))

    def unsubscribe(self, topics: Sequence[str]) -> None:
        for shard, some in self._shards.group_by_shard(topics).items():
            self._buses[shard].unsubscribe(some)

    def on_frame(self, callback: Callable[[str, bytes], None]) -> None:
        for bus in self._buses:
            bus.on_frame(callback)

    def on_gap(self, callback: Callable[[], None]) -> None:
        for bus in self._buses:
            bus.on_gap(callback)

    def statistics(self) -> BusStatistics:
        """All together; the lag is that of the slowest."""
        found = [bus.statistics() for bus in self._buses]
        return BusStatistics(
            connected=all(one.connected for one in found),
            topics=sum(one.topics for one in found),
            waiting=sum(one.waiting for one in found),
            published=sum(one.published for one in found),
            received=sum(one.received for one in found),
            dropped=sum(one.dropped for one in found),
            reconnects=sum(one.reconnects for one in found),
            lag_ms=max(one.lag_ms for one in found),
        )

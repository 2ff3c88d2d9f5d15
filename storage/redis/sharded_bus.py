"""One bus over several Redis servers, sharded by topic. A lost server affects its topics only."""

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
        """Connect to all servers. Raises `Unavailable`, or `ValueError` if bus is not a Redis URL."""
        return cls(
            await open_all(RedisBus.open(url, queue_frames=queue_frames, timeouts=timeouts) for url in urls)
        )

    async def close(self) -> None:
        await asyncio.gather(*(bus.close() for bus in self._buses))

    async def check(self) -> None:
        """Check all servers. Raises `Unavailable` if one of them fails."""
        await asyncio.gather(*(bus.check() for bus in self._buses))

    def publish(self, topic: str, frame: bytes) -> None:
        self._buses[self._shards.shard_of(topic)].publish(topic, frame)

    async def subscribe(self, topics: Sequence[str]) -> None:
        groups = self._shards.group_by_shard(topics)
        await asyncio.gather(*(self._buses[shard].subscribe(group) for shard, group in groups.items()))

    def unsubscribe(self, topics: Sequence[str]) -> None:
        for shard, group in self._shards.group_by_shard(topics).items():
            self._buses[shard].unsubscribe(group)

    def on_frame(self, callback: Callable[[str, bytes], None]) -> None:
        for bus in self._buses:
            bus.on_frame(callback)

    def on_gap(self, callback: Callable[[], None]) -> None:
        for bus in self._buses:
            bus.on_gap(callback)

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

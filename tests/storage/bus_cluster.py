"""Buses of several instances on one server that can be lost and restored, in memory or on Redis."""

from collections.abc import Sequence
from typing import Protocol

from storage.contracts.bus import Bus
from storage.contracts.user_streams import UserStreams
from storage.memory.bus import MemoryBroker, MemoryBus
from storage.memory.user_streams import MemoryUserStreams
from storage.redis.bus import RedisBus
from storage.redis.sharding import ShardedBus, ShardedUserStreams
from storage.redis.timeouts import Timeouts
from storage.redis.user_streams import RedisUserStreams
from tests.storage.valkey_server import ValkeyServer

SHORT_TIMEOUTS = Timeouts(reply_s=0.8, probe_interval_s=0.1, probe_timeout_s=1.0, retry_max_s=0.1)
PATIENT_TIMEOUTS = Timeouts(reply_s=20.0)
"""For tests without outages, on slow machines."""


class CheckedBus(Bus, Protocol):
    async def check(self) -> None: ...

    async def close(self) -> None: ...


class BusCluster(Protocol):
    async def open_bus(self) -> CheckedBus:
        """Open the bus of another instance."""

    async def open_user_streams(self) -> UserStreams:
        """Open the user streams of another instance."""

    def stop_server(self) -> None:
        """Kill the server; its most recent data is lost."""

    def restart_server(self) -> None:
        """Restart the server, with a new run id."""

    async def close(self) -> None: ...


class MemoryCluster:
    def __init__(self) -> None:
        self._broker = MemoryBroker()
        self._streams = MemoryUserStreams(self._broker)

    async def open_bus(self) -> CheckedBus:
        return MemoryBus(self._broker)

    async def open_user_streams(self) -> UserStreams:
        return self._streams

    def stop_server(self) -> None:
        self._broker.disconnect()

    def restart_server(self) -> None:
        self._streams.clear()
        self._broker.reconnect()

    async def close(self) -> None:
        self._broker.disconnect()


class RedisCluster:
    """Opens buses on a server of the test, or with patient timeouts on the shared one."""

    def __init__(self, server: ValkeyServer | None, url: str) -> None:
        self._server = server
        self._url = url
        self._timeouts = PATIENT_TIMEOUTS if server is None else SHORT_TIMEOUTS
        self._open: list[RedisBus | RedisUserStreams] = []

    async def open_bus(self) -> CheckedBus:
        bus = await RedisBus.open(self._url, queued_messages_max=10_000, timeouts=self._timeouts)
        self._open.append(bus)
        return bus

    async def open_user_streams(self) -> UserStreams:
        streams = await RedisUserStreams.open(self._url, timeouts=self._timeouts)
        self._open.append(streams)
        return streams

    def stop_server(self) -> None:
        assert self._server is not None
        self._server.kill()

    def restart_server(self) -> None:
        assert self._server is not None
        self._server.start()

    async def close(self) -> None:
        for one in self._open:
            await one.close()


class ShardedCluster:
    """Opens buses on several servers of the test, which are killed together."""

    def __init__(self, servers: Sequence[ValkeyServer], timeouts: Timeouts = SHORT_TIMEOUTS) -> None:
        self._servers = servers
        self._timeouts = timeouts
        self._open: list[ShardedBus | ShardedUserStreams] = []

    async def open_bus(self) -> CheckedBus:
        bus = await ShardedBus.open(self._urls, queued_messages_max=10_000, timeouts=self._timeouts)
        self._open.append(bus)
        return bus

    async def open_user_streams(self) -> UserStreams:
        streams = await ShardedUserStreams.open(self._urls, timeouts=self._timeouts)
        self._open.append(streams)
        return streams

    def stop_server(self) -> None:
        for server in self._servers:
            server.kill()

    def restart_server(self) -> None:
        for server in self._servers:
            server.start()

    async def close(self) -> None:
        for one in self._open:
            await one.close()

    @property
    def _urls(self) -> list[str]:
        return [server.url for server in self._servers]

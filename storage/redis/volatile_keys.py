"""Removes everything of Convene from a Redis server: user streams, timelines, presence and attempt counts.

Only after a restore, while no instance runs. Clients then load their state again, and timelines are rebuilt.
"""

from typing import Final

import hiredis

from storage.errors import Unavailable
from storage.redis.command_client import CommandClient
from storage.redis.redis_address import parse_address
from storage.redis.timeouts import Timeouts

PATTERN: Final = "convene:*"
SCAN_COUNT: Final = 1000


class RedisVolatileKeys:
    """Implements `storage.contracts.backups.VolatileStore` for one server."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def clear(self) -> int:
        address = parse_address(self._url)
        client = CommandClient(address, Timeouts(), address.store_name)
        await client.connection.open()
        try:
            return await _remove_keys(client)
        finally:
            await client.connection.close()


async def _remove_keys(client: CommandClient) -> int:
    removed = 0
    position: bytes = b"0"
    while True:
        reply = await client.execute("SCAN", position, "MATCH", PATTERN, "COUNT", SCAN_COUNT)
        if isinstance(reply, hiredis.ReplyError):
            raise Unavailable("redis: the keys cannot be listed")
        position, keys = reply
        if keys:
            removed += await _unlink(client, keys)
        if position == b"0":
            return removed


async def _unlink(client: CommandClient, keys: list[bytes]) -> int:
    reply = await client.execute("UNLINK", *keys)
    if isinstance(reply, hiredis.ReplyError):
        raise Unavailable("redis: the keys cannot be removed")
    return int(reply)

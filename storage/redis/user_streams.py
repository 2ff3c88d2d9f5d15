"""User streams on Redis. One script appends, retains and publishes.

Appends of one loop tick are sent in one call, because reading the server's run id costs more than the rest.
An append with an unknown outcome is not retried.
"""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from config.limits import STREAM_FRAMES_MAX, STREAM_RETENTION_S
from storage.contracts.bus import StreamPosition, user_topic
from storage.errors import Unavailable
from storage.records.user_stream import StreamItem, decode_stream_item
from storage.redis.command_client import CommandClient
from storage.redis.redis_address import parse_address
from storage.redis.resp_connection import CommandArg, Reply
from storage.redis.script import Script, run_script
from storage.redis.timeouts import Timeouts
from storage.redis.user_stream_scripts import APPEND, POSITIONS, READ_AFTER, RESET

KEY = "convene:streams"
STREAMS_MAX = 1_000_000
APPENDS_PER_CALL = 100
POSITIONS_PER_CALL = 1000
PENDING_APPENDS_MAX = 20_000

PendingStreamAppend = tuple[str, bytes, bytes, "asyncio.Future[StreamPosition]"]


class RedisUserStreams:
    """Implements `storage.contracts.bus.UserStreams`."""

    def __init__(self, url: str, timeouts: Timeouts) -> None:
        self._client = CommandClient(parse_address(url), timeouts, "streams")
        self._waiting: list[PendingStreamAppend] = []
        self._unanswered = 0
        self._calls: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, url: str, *, timeouts: Timeouts | None = None) -> "RedisUserStreams":
        """Connect. Raises `Unavailable`, or `ValueError` if `url` is not a Redis URL."""
        streams = cls(url, timeouts or Timeouts())
        await streams._client.connection.open()
        return streams

    async def close(self) -> None:
        """Wait for pending appends, at most for the reply timeout, and disconnect."""
        if self._waiting:
            self._flush()
        await asyncio.gather(*self._calls)
        await self._client.connection.close()

    async def append(self, user_id: str, prefix: bytes, suffix: bytes) -> StreamPosition:
        if self._unanswered >= PENDING_APPENDS_MAX:
            raise Unavailable("redis: too many pending appends")
        loop = asyncio.get_running_loop()
        appended: asyncio.Future[StreamPosition] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append((user_id, prefix, suffix, appended))
        self._unanswered += 1
        return await appended

    async def positions(self, user_ids: Sequence[str]) -> list[StreamPosition]:
        calls = (self._read_positions(chunk) for chunk in _chunks(user_ids, POSITIONS_PER_CALL))
        return [position for chunk in await asyncio.gather(*calls) for position in chunk]

    async def read_after(
        self, user_id: str, epoch: str, position: int, limit: int
    ) -> list[StreamItem] | None:
        reply = await self._run_script(READ_AFTER, (user_id, epoch, position, limit))
        return None if reply is None else [decode_stream_item(item) for item in reply]

    async def reset(self) -> None:
        await self._run_script(RESET, ())

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for chunk in _chunks(waiting, APPENDS_PER_CALL):
            call = asyncio.create_task(self._append(chunk))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _append(self, appends: Sequence[PendingStreamAppend]) -> None:
        arguments: list[CommandArg] = [STREAM_FRAMES_MAX, STREAM_RETENTION_S, STREAMS_MAX, user_topic("")]
        for user_id, prefix, suffix, _ in appends:
            arguments += (user_id, prefix, suffix)
        try:
            reply = await self._run_script(APPEND, arguments)
        except Unavailable as error:
            for *_, appended in appends:
                if not appended.done():
                    appended.set_exception(Unavailable(*error.args))
        else:
            for (*_, appended), position in zip(appends, _parse_positions(reply), strict=True):
                if not appended.done():
                    appended.set_result(position)
        finally:
            self._unanswered -= len(appends)

    async def _read_positions(self, user_ids: Sequence[str]) -> list[StreamPosition]:
        return _parse_positions(await self._run_script(POSITIONS, user_ids))

    async def _run_script(self, script: Script, arguments: Sequence[CommandArg]) -> Reply:
        return await run_script(self._client, script, KEY, *arguments)


def _parse_positions(reply: Reply) -> list[StreamPosition]:
    epoch, *positions = reply
    return [StreamPosition(epoch.decode(), int(position)) for position in positions]


ItemT = TypeVar("ItemT")


def _chunks(items: Sequence[ItemT], size: int) -> list[Sequence[ItemT]]:
    return [items[start : start + size] for start in range(0, len(items), size)]

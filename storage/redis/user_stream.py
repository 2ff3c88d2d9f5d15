"""The user streams on Redis: appended, kept and published by one script.

Appends of one loop tick go in one call, for the look at the server's run id costs more than the rest. It
never repeats an append whose outcome is unknown.
"""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from config.limits import STREAM_FRAMES, STREAM_RETENTION_S
from storage.contracts.bus import Position, user_topic
from storage.errors import Unavailable
from storage.records.stream import StreamItem, decode_item
from storage.redis.address import read_address
from storage.redis.connection import Reply, Word
from storage.redis.patience import Patience
from storage.redis.requests import Requests
from storage.redis.script import Script, run_script
from storage.redis.stream_scripts import AFTER, APPEND, POSITIONS, RENEW

KEY = "convene:streams"
STREAMS_MAX = 1_000_000
APPENDS_PER_CALL = 100
POSITIONS_PER_CALL = 1000
WAITING_MAX = 20_000

Append = tuple[str, bytes, bytes, "asyncio.Future[Position]"]


class RedisUserStreams:
    """Implements `storage.contracts.bus.UserStreams`."""

    def __init__(self, url: str, patience: Patience) -> None:
        self._requests = Requests(read_address(url), patience, "streams")
        self._waiting: list[Append] = []
        self._unsettled = 0
        self._calls: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, url: str, *, patience: Patience | None = None) -> "RedisUserStreams":
        """Connect. Raises `Unavailable`, or `ValueError` for what is no URL of Redis."""
        streams = cls(url, patience or Patience())
        await streams._requests.link.open()
        return streams

    async def close(self) -> None:
        """Wait for what was begun, as long as a reply may take, and end the connection."""
        if self._waiting:
            self._send()
        await asyncio.gather(*self._calls)
        await self._requests.link.close()

    async def append(self, user_id: str, head: bytes, tail: bytes) -> Position:
        if self._unsettled >= WAITING_MAX:
            raise Unavailable("redis: too many appends wait")
        loop = asyncio.get_running_loop()
        taken: asyncio.Future[Position] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._send)
        self._waiting.append((user_id, head, tail, taken))
        self._unsettled += 1
        return await taken

    async def positions(self, user_ids: Sequence[str]) -> list[Position]:
        calls = (self._positions(some) for some in _chunks(user_ids, POSITIONS_PER_CALL))
        return [position for some in await asyncio.gather(*calls) for position in some]

    async def after(self, user_id: str, epoch: str, position: int, limit: int) -> list[StreamItem] | None:
        reply = await self._run(AFTER, (user_id, epoch, position, limit))
        return None if reply is None else [decode_item(item) for item in reply]

    async def renew(self) -> None:
        await self._run(RENEW, ())

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for some in _chunks(waiting, APPENDS_PER_CALL):
            call = asyncio.create_task(self._append(some))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _append(self, appends: Sequence[Append]) -> None:
        arguments: list[Word] = [STREAM_FRAMES, STREAM_RETENTION_S, STREAMS_MAX, user_topic("")]
        for user_id, head, tail, _ in appends:
            arguments += (user_id, head, tail)
        try:
            reply = await self._run(APPEND, arguments)
        except Unavailable as error:
            for *_, taken in appends:
                if not taken.done():
                    taken.set_exception(Unavailable(*error.args))
        else:
            for (*_, taken), position in zip(appends, _read(reply), strict=True):
                if not taken.done():
                    taken.set_result(position)
        finally:
            self._unsettled -= len(appends)

    async def _positions(self, user_ids: Sequence[str]) -> list[Position]:
        return _read(await self._run(POSITIONS, user_ids))

    async def _run(self, which: Script, arguments: Sequence[Word]) -> Reply:
        return await run_script(self._requests, which, KEY, *arguments)


def _read(reply: Reply) -> list[Position]:
    epoch, *positions = reply
    return [Position(epoch.decode(), int(position)) for position in positions]


Sent = TypeVar("Sent")


def _chunks(everything: Sequence[Sent], size: int) -> list[Sequence[Sent]]:
    return [everything[start : start + size] for start in range(0, len(everything), size)]

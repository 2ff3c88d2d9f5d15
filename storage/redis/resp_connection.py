"""One connection that speaks RESP: commands go out as ready bytes, replies come in one by one.

It counts what is unanswered, so that its owner can tell a hanging server from an idle one. It never
reconnects and never keeps a reply.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

import hiredis

_log = logging.getLogger(__name__)

Reply = Any
"""Bytes, an integer, None, a list of replies, or a `hiredis.ReplyError`."""


CommandArg = str | bytes | int


def encode_command(*command: CommandArg) -> bytes:
    return cast("bytes", hiredis.pack_command(command))  # type: ignore[arg-type] # the stub allows one word


class RespConnection(asyncio.Protocol):
    __slots__ = ("_last_data_at", "_loop", "_reader", "_transport", "lost", "on_reply", "unanswered")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader()
        self._transport: asyncio.Transport | None = None
        self._last_data_at = 0.0
        self.unanswered = 0
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.on_reply: Callable[[Reply], None] = lambda _reply: None

    def send(self, commands: bytes, reply_count: int) -> None:
        """Write commands that will be answered by so many replies; the owner takes those off `unanswered`."""
        if self._transport is None:
            return
        if self.unanswered == 0:
            self._last_data_at = self._loop.time()
        self.unanswered += reply_count
        self._transport.write(commands)

    def unanswered_for_s(self) -> float:
        """For how long something is unanswered and nothing was heard; 0 when all is answered."""
        return self._loop.time() - self._last_data_at if self.unanswered else 0.0

    def abort(self) -> None:
        """Drop it now, whatever is still unsent. `lost` follows."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._last_data_at = self._loop.time()
        reader = self._reader
        reader.feed(data)
        try:
            while self._transport is not None and (reply := reader.gets()) is not False:
                self.on_reply(reply)
        except hiredis.ProtocolError:
            _log.warning("the bus's server spoke no RESP; its connection is remade")
            self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)

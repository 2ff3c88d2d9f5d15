"""One RESP connection: sends encoded commands and calls back with each reply.

It counts commands without a reply, so that its owner can tell a hanging server from an idle one.
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
    return cast("bytes", hiredis.pack_command(command))  # type: ignore[arg-type] # the stub allows a single argument


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
        """Write commands that yield `reply_count` replies; the owner subtracts each from `unanswered`."""
        if self._transport is None:
            return
        if self.unanswered == 0:
            self._last_data_at = self._loop.time()
        self.unanswered += reply_count
        self._transport.write(commands)

    def unanswered_for_s(self) -> float:
        """Return how long a reply has been due without any data received; 0 if none is due."""
        return self._loop.time() - self._last_data_at if self.unanswered else 0.0

    def abort(self) -> None:
        """Close without sending buffered data. `lost` is set afterwards."""
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
            _log.warning("redis: invalid RESP received; reconnecting")
            self.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)

"""Publishes messages on a dedicated connection; messages of one loop tick form one pipeline.

Two limits apply: messages queued here, and messages sent but not acknowledged. When the queue is full, its
oldest message is dropped; without a connection, the new one. A lost connection drops all. Dropped messages
are counted and not resent; after a reconnect `on_messages_lost` is called.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context

from storage.redis.reconnecting_connection import ReconnectingConnection
from storage.redis.redis_address import RedisAddress
from storage.redis.resp_connection import Reply, RespConnection, encode_command
from storage.redis.timeouts import Timeouts

IN_FLIGHT_MAX = 2000
"""Messages sent and not acknowledged, which a lost connection loses."""


class Publisher:
    def __init__(
        self,
        address: RedisAddress,
        timeouts: Timeouts,
        queued_messages_max: int,
        on_messages_lost: Callable[[], None],
    ) -> None:
        self.connection = ReconnectingConnection(
            address, timeouts, "publisher", self._on_connected, self._on_lost
        )
        self._max_queued = queued_messages_max
        self._on_messages_lost = on_messages_lost
        self._was_connected = False
        self._queue: deque[bytes] = deque()
        self._current: RespConnection | None = None
        self._scheduled = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.published = 0
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """Messages not yet acknowledged, sent or queued."""
        return len(self._queue) + (self._current.unanswered if self._current is not None else 0)

    def publish(self, topic: str, message: bytes) -> None:
        if self._current is None:
            self.dropped += 1
            return
        if len(self._queue) >= self._max_queued:
            self._queue.popleft()
            self.dropped += 1
        self._queue.append(encode_command(b"PUBLISH", topic, message))
        if not self._scheduled:
            self._scheduled = True
            self._idle.clear()
            asyncio.get_running_loop().call_soon(self._flush, context=Context())

    async def drain(self, timeout_s: float) -> None:
        """Wait until every message is acknowledged or lost, for at most `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return

    def _flush(self) -> None:
        self._scheduled = False
        connection = self._current
        if connection is None or not self._queue:
            self._update_idle()
            return
        count = min(len(self._queue), IN_FLIGHT_MAX - connection.unanswered)
        if count == len(self._queue):
            connection.send(b"".join(self._queue), count)
            self._queue.clear()
        elif count > 0:
            connection.send(b"".join([self._queue.popleft() for _ in range(count)]), count)

    def _on_reply(self, reply: Reply) -> None:
        connection = self._current
        if connection is None:
            return
        connection.unanswered -= 1
        if isinstance(reply, int):
            self.published += 1
        else:
            self.dropped += 1
        if self._queue:
            if not self._scheduled:
                self._scheduled = True
                asyncio.get_running_loop().call_soon(self._flush, context=Context())
        else:
            self._update_idle()

    def _update_idle(self) -> None:
        if self.waiting == 0:
            self._idle.set()

    def _on_connected(self, connection: RespConnection) -> None:
        connection.on_reply = self._on_reply
        self._current = connection
        was_connected, self._was_connected = self._was_connected, True
        if was_connected:
            self._on_messages_lost()

    def _on_lost(self) -> None:
        self.dropped += self.waiting
        self._queue.clear()
        self._current = None
        self._idle.set()

"""Pipelines commands on one connection and matches replies by order.

A command is sent once. It is not retried, because after a failure it may have taken effect.
"""

import asyncio
from collections import deque

from storage.errors import Unavailable
from storage.redis.reconnecting_connection import ReconnectingConnection
from storage.redis.redis_address import RedisAddress
from storage.redis.resp_connection import CommandArg, Reply, RespConnection, encode_command
from storage.redis.timeouts import Timeouts
from storage.store_calls import PoolStatistics, get_call_histogram

IN_FLIGHT_MAX = 1000


class CommandClient:
    def __init__(self, address: RedisAddress, timeouts: Timeouts, name: str) -> None:
        self.connection = ReconnectingConnection(address, timeouts, name, self._on_connected, self._on_lost)
        self._timeouts = timeouts
        self._name = name
        self._store = address.store_name
        self._call_seconds = get_call_histogram(address.store_name)
        self._current: RespConnection | None = None
        # With their deadlines. All timeouts are equal, so this is deadline order and one timer serves all.
        self._in_flight: deque[tuple[float, asyncio.Future[Reply]]] = deque()
        self._timeout_timer: asyncio.TimerHandle | None = None

    async def execute(self, *command: CommandArg) -> Reply:
        """Send a command and return its reply, which may be a `hiredis.ReplyError`.

        Raises:
            Unavailable: no reply in time, no connection, or too many commands without a reply; the command
                may or may not have been executed.
        """
        await self.connection.wait_connected(self._timeouts.reply_s)
        if self._current is None or len(self._in_flight) >= IN_FLIGHT_MAX:
            self.connection.outage.failed("too many commands in flight")
            raise Unavailable("redis: too many commands in flight")
        loop = asyncio.get_running_loop()
        reply_future: asyncio.Future[Reply] = loop.create_future()
        deadline = loop.time() + self._timeouts.reply_s
        self._in_flight.append((deadline, reply_future))
        if self._timeout_timer is None:
            self._timeout_timer = loop.call_at(deadline, self._fail_overdue)
        self._current.send(encode_command(*command), 1)
        return await reply_future

    def statistics(self) -> PoolStatistics:
        """All commands share one connection, so none waits for one; `waiting` have no reply yet."""
        return PoolStatistics(
            store=self._store,
            pool=self._name,
            connections=int(self.connection.connected),
            in_use=int(bool(self._in_flight)),
            connections_max=1,
            waiting=len(self._in_flight),
            waits=0,
        )

    def _on_connected(self, connection: RespConnection) -> None:
        connection.on_reply = self._on_reply
        self._current = connection

    def _on_reply(self, reply: Reply) -> None:
        if self._current is not None:
            self._current.unanswered -= 1
        deadline, reply_future = self._in_flight.popleft()
        sent_at = deadline - self._timeouts.reply_s
        self._call_seconds.observe(asyncio.get_running_loop().time() - sent_at)
        if not reply_future.done():
            reply_future.set_result(reply)

    def _fail_overdue(self) -> None:
        """Fail overdue commands. Replies that arrive later are discarded."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timeout_timer = None
        for deadline, reply_future in self._in_flight:
            if deadline > now:
                self._timeout_timer = loop.call_at(deadline, self._fail_overdue)
                break
            if not reply_future.done():
                self.connection.outage.failed("no reply in time")
                reply_future.set_exception(Unavailable("redis: no reply in time"))

    def _on_lost(self) -> None:
        self._current = None
        if self._timeout_timer is not None:
            self._timeout_timer.cancel()
            self._timeout_timer = None
        in_flight, self._in_flight = self._in_flight, deque()
        for _, reply_future in in_flight:
            if not reply_future.done():
                self.connection.outage.failed("connection lost")
                reply_future.set_exception(Unavailable("redis: connection lost"))

"""Commands with answers, pipelined on one connection; answers come in the order of the commands.

A command is sent once: after a failure nobody knows whether it took effect. It never repeats one.
"""

import asyncio
from collections import deque

from storage.errors import Unavailable
from storage.redis.reconnecting_connection import ReconnectingConnection
from storage.redis.redis_address import RedisAddress
from storage.redis.resp_connection import CommandArg, Reply, RespConnection, encode_command
from storage.redis.timeouts import Timeouts

IN_FLIGHT_MAX = 1000


class CommandClient:
    def __init__(self, address: RedisAddress, timeouts: Timeouts, name: str) -> None:
        self.connection = ReconnectingConnection(address, timeouts, name, self._on_connected, self._on_lost)
        self._timeouts = timeouts
        self._current: RespConnection | None = None
        # With the moment by which each must be answered: that is their order too, so one timer serves all.
        self._in_flight: deque[tuple[float, asyncio.Future[Reply]]] = deque()
        self._timeout_timer: asyncio.TimerHandle | None = None

    async def execute(self, *command: CommandArg) -> Reply:
        """Send a command and answer its reply, which may be a `hiredis.ReplyError`.

        Raises:
            Unavailable: no reply in time, or no connection; the command may or may not have been done.
        """
        await self.connection.wait_connected(self._timeouts.reply_s)
        if self._current is None or len(self._in_flight) >= IN_FLIGHT_MAX:
            raise Unavailable("redis: too much is unanswered")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = loop.create_future()
        due = loop.time() + self._timeouts.reply_s
        self._in_flight.append((due, answer))
        if self._timeout_timer is None:
            self._timeout_timer = loop.call_at(due, self._fail_overdue)
        self._current.send(encode_command(*command), 1)
        return await answer

    def _on_connected(self, connection: RespConnection) -> None:
        connection.on_reply = self._on_reply
        self._current = connection

    def _on_reply(self, reply: Reply) -> None:
        if self._current is not None:
            self._current.unanswered -= 1
        _, answer = self._in_flight.popleft()
        if not answer.done():
            answer.set_result(reply)

    def _fail_overdue(self) -> None:
        """Give up what is not answered by now. Its reply may still come, and is passed over then."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._timeout_timer = None
        for due, answer in self._in_flight:
            if due > now:
                self._timeout_timer = loop.call_at(due, self._fail_overdue)
                break
            if not answer.done():
                answer.set_exception(Unavailable("redis: no reply in time"))

    def _on_lost(self) -> None:
        self._current = None
        if self._timeout_timer is not None:
            self._timeout_timer.cancel()
            self._timeout_timer = None
        asked, self._in_flight = self._in_flight, deque()
        for _, answer in asked:
            if not answer.done():
                answer.set_exception(Unavailable("redis: connection lost"))

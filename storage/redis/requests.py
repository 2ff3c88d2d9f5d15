"""Commands with answers, pipelined on one connection; answers come in the order of the commands.

A command is sent once: after a failure nobody knows whether it took effect. It never repeats one.
"""

import asyncio
from collections import deque

from storage.errors import Unavailable
from storage.redis.address import Address
from storage.redis.connection import Connection, Reply, Word, packed
from storage.redis.link import Link
from storage.redis.patience import Patience

UNANSWERED_MAX = 1000


class Requests:
    def __init__(self, address: Address, patience: Patience, name: str) -> None:
        self.link = Link(address, patience, name, self._opened, self._lost)
        self._patience = patience
        self._connection: Connection | None = None
        # With the moment by which each must be answered: that is their order too, so one timer serves all.
        self._asked: deque[tuple[float, asyncio.Future[Reply]]] = deque()
        self._look: asyncio.TimerHandle | None = None

    async def ask(self, *command: Word) -> Reply:
        """Send a command and answer its reply, which may be a `hiredis.ReplyError`.

        Raises:
            Unavailable: no reply in time, or no connection; the command may or may not have been done.
        """
        await self.link.until_connected(self._patience.reply_s)
        if self._connection is None or len(self._asked) >= UNANSWERED_MAX:
            raise Unavailable("redis: too much is unanswered")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = loop.create_future()
        due = loop.time() + self._patience.reply_s
        self._asked.append((due, answer))
        if self._look is None:
            self._look = loop.call_at(due, self._look_for_late)
        self._connection.send(packed(*command), 1)
        return await answer

    def _opened(self, connection: Connection) -> None:
        connection.on_reply = self._answered
        self._connection = connection

    def _answered(self, reply: Reply) -> None:
        if self._connection is not None:
            self._connection.unanswered -= 1
        _, answer = self._asked.popleft()
        if not answer.done():
            answer.set_result(reply)

    def _look_for_late(self) -> None:
        """Give up what is not answered by now. Its reply may still come, and is passed over then."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._look = None
        for due, answer in self._asked:
            if due > now:
                self._look = loop.call_at(due, self._look_for_late)
                break
            if not answer.done():
                answer.set_exception(Unavailable("redis: no reply in time"))

    def _lost(self) -> None:
        self._connection = None
        if self._look is not None:
            self._look.cancel()
            self._look = None
        asked, self._asked = self._asked, deque()
        for _, answer in asked:
            if not answer.done():
                answer.set_exception(Unavailable("redis: connection lost"))

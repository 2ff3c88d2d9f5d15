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
        self._asked: deque[asyncio.Future[Reply]] = deque()

    async def ask(self, *command: Word) -> Reply:
        """Send a command and answer its reply, which may be a `hiredis.ReplyError`.

        Raises:
            Unavailable: no reply in time, or no connection; the command may or may not have been done.
        """
        await self.link.until_connected(self._patience.reply_s)
        if self._connection is None or len(self._asked) >= UNANSWERED_MAX:
            raise Unavailable("redis: too much is unanswered")
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._connection.send(packed(*command), 1)
        try:
            async with asyncio.timeout(self._patience.reply_s):
                return await answer
        except TimeoutError:
            raise Unavailable("redis: no reply in time") from None

    def _opened(self, connection: Connection) -> None:
        connection.on_reply = self._answered
        self._connection = connection

    def _answered(self, reply: Reply) -> None:
        if self._connection is not None:
            self._connection.unanswered -= 1
        answer = self._asked.popleft()
        if not answer.done():
            answer.set_result(reply)

    def _lost(self) -> None:
        self._connection = None
        asked, self._asked = self._asked, deque()
        for answer in asked:
            if not answer.done():
                answer.set_exception(Unavailable("redis: connection lost"))

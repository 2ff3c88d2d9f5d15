"""Commands that wait for their answer, in the order in which they were given.

An answer may come on any connection: after each connect, what was not answered is said again, before
anything new. A timeout is not a failure here; only a deadline is.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from actors.protocol.server_frames import Error, Ok
from client.backoff import Backoff
from client.connection import Connection
from client.encoding import Encoding
from client.errors import Ended, Refused, Unanswered
from client.timing import Timing

Answer = Ok[msgspec.Raw] | Error
Result = TypeVar("Result")
Say = Callable[[int], msgspec.Struct]


class Ask:
    """One command under way; `said` is its frame."""

    __slots__ = ("answer", "number", "said")

    def __init__(self, number: int, said: bytes) -> None:
        self.number = number
        self.said = said
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()


class Asks:
    def __init__(
        self,
        encoding: Encoding,
        timing: Timing,
        backoff: Callable[[], Backoff],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._encoding = encoding
        self._timing = timing
        self._backoff = backoff
        self._sleep = sleep
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Ask] = {}
        self._slots = asyncio.Semaphore(timing.asks_waiting)
        self._connection: Connection | None = None
        self._ended: Ended | None = None

    async def ask(self, say: Say, result: type[Result], deadline_s: float | None) -> Result:
        """Say a command until it is answered; `say` makes it from its id.

        Raises:
            Refused: the server said no, and would say so again.
            Unanswered: the deadline passed. It may have been done.
            Ended: no answer will come. It may have been done.
        """
        patience_s = self._timing.send_s if deadline_s is None else deadline_s
        backoff = self._backoff()
        try:
            async with asyncio.timeout(patience_s), self._slots:
                while True:
                    answer = await self._answer(say)
                    if isinstance(answer, Ok):
                        return self._encoding.result(answer.result, result)
                    if not answer.retry:
                        raise Refused(answer.code, answer.detail)
                    await self._sleep(backoff.delay_s(answer.retry_after_ms))
        except TimeoutError:
            raise Unanswered("it may or may not have been done") from None

    def answered(self, answer: Answer) -> None:
        """Give an answer to the one it is for; a second one is for nobody."""
        if not isinstance(answer.id, int):
            return
        ask = self._waiting.pop(answer.id, None)
        if ask is not None and not ask.answer.done():
            ask.answer.set_result(answer)

    async def connected(self, connection: Connection) -> None:
        """Say again what was not answered; what is new goes there too from now on."""
        number = 0
        while (ask := self._after(number)) is not None:
            number = ask.number
            await self._say(connection, ask)
        self._connection = connection

    def lost(self) -> None:
        """There is no connection: what is new waits for the next one."""
        self._connection = None

    def end(self, ended: Ended) -> None:
        """No answer will come."""
        self._ended = ended
        waiting, self._waiting = self._waiting, {}
        for ask in waiting.values():
            if not ask.answer.done():
                ask.answer.set_exception(ended)

    async def _answer(self, say: Say) -> Answer:
        """Say it, and again while nothing comes back."""
        if self._ended is not None:
            raise self._ended
        number = next(self._numbers)
        ask = self._waiting[number] = Ask(number, self._encoding.encode(say(number)))
        try:
            while True:
                if self._connection is not None:
                    await self._say(self._connection, ask)
                done, _ = await asyncio.wait([ask.answer], timeout=self._timing.answer_s)
                if done:
                    return ask.answer.result()
        finally:
            self._waiting.pop(number, None)

    def _after(self, number: int) -> Ask | None:
        return next((ask for ask in self._waiting.values() if ask.number > number), None)

    async def _say(self, connection: Connection, ask: Ask) -> None:
        most = connection.max_frame_bytes
        if most is not None and len(ask.said) > most:
            # Said all the same it would cost the connection, for all the others too.
            too_large = Error(
                ask.number, "request.too_large", f"A frame has at most {most} bytes.", retry=False
            )
            self.answered(too_large)
        else:
            await connection.say(ask.said)

"""Requests to one server, each said again until it is answered: all of them may safely be said twice.

A server that is busy is given the time it asks for. Never follows a redirect, so that a token goes nowhere
else.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import aiohttp
import msgspec

from client.answers import Problem
from client.backoff import Backoff
from client.errors import Refused, Unanswered

Result = TypeVar("Result")
BUSY: Final = frozenset({429, 502, 503, 504})
NOT_NOW: Final = frozenset({403, 404, 409})
REQUEST_S: Final = 30.0
BACKOFF_BASE_S: Final = 0.25
BACKOFF_CAP_S: Final = 5.0
_encoder = msgspec.json.Encoder()


class Request(msgspec.Struct, frozen=True):
    """`key` is sent as `Idempotency-Key`, `token` as the bearer."""

    method: str
    path: str
    token: str | None = None
    body: msgspec.Struct | None = None
    key: str | None = None
    query: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"


class Requests:
    """`patience_s` is how long one request is said again."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        patience_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._patience_s = patience_s
        self._sleep = sleep

    async def ask(self, answer: type[Result], request: Request) -> Result:
        """Ask for something that has to be there.

        Raises:
            Refused: the server said no.
            Unanswered: it said nothing for `patience_s`.
        """
        return msgspec.json.decode(await self._answered(request), type=answer)

    async def attempt(self, answer: type[Result], request: Request) -> Result | None:
        """As `ask`; None where what it is about is no longer there, or no longer taken."""
        content = await self._unless_gone(request)
        return None if content is None else msgspec.json.decode(content, type=answer)

    async def do(self, request: Request) -> bool:
        """As `attempt`, with nothing in the answer; whether it was done."""
        return await self._unless_gone(request) is not None

    async def _unless_gone(self, request: Request) -> bytes | None:
        try:
            return await self._answered(request)
        except Refused as refused:
            if refused.status in NOT_NOW:
                return None
            raise

    async def _answered(self, request: Request) -> bytes:
        loop = asyncio.get_running_loop()
        backoff = Backoff(BACKOFF_BASE_S, BACKOFF_CAP_S, random.random)
        end = loop.time() + self._patience_s
        while True:
            try:
                return await self._say(request)
            except Refused as refused:
                if refused.status not in BUSY or loop.time() >= end:
                    raise
                pause_s = backoff.delay_s(refused.retry_after_ms)
            except Unanswered:
                if loop.time() >= end:
                    raise
                pause_s = backoff.delay_s()
            await self._sleep(pause_s)

    async def _say(self, request: Request) -> bytes:
        sent = {"Content-Type": "application/json"} if request.body is not None else {}
        if request.token is not None:
            sent["Authorization"] = f"Bearer {request.token}"
        if request.key is not None:
            sent["Idempotency-Key"] = request.key
        try:
            async with self._session.request(
                request.method,
                self._url + request.path,
                params=request.query,
                data=None if request.body is None else _encoder.encode(request.body),
                headers=sent,
                timeout=aiohttp.ClientTimeout(total=REQUEST_S),
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unanswered(f"{request.method} {request.path}: {type(error).__name__}") from error
        if response.status >= 300:
            raise _refused(response.status, content)
        return content


def _refused(status: int, content: bytes) -> Refused:
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except msgspec.DecodeError:
        # Not of this server: somebody between, who knows no problem details.
        problem = Problem("server.unavailable" if status >= 500 else "request.invalid")
    return Refused(problem.code, problem.detail, status=status, retry_after_ms=problem.retry_after_ms)

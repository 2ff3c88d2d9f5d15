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

from client.backoff import Backoff
from client.errors import RequestRejected, RequestTimeout
from client.http_responses import ProblemDetails

Result = TypeVar("Result")
RETRY_STATUSES: Final = frozenset({429, 502, 503, 504})
SKIPPED_STATUSES: Final = frozenset({403, 404, 409})
REQUEST_TIMEOUT_S: Final = 30.0
BACKOFF_BASE_S: Final = 0.25
BACKOFF_CAP_S: Final = 5.0
_encoder = msgspec.json.Encoder()


class HttpRequest(msgspec.Struct, frozen=True):
    """`key` is sent as `Idempotency-Key`, `token` as the bearer."""

    method: str
    path: str
    token: str | None = None
    body: msgspec.Struct | None = None
    idempotency_key: str | None = None
    query: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"


class RetryingHttpClient:
    """`patience_s` is how long one request is said again."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        retry_for_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._retry_for_s = retry_for_s
        self._sleep = sleep

    async def request(self, response_type: type[Result], request: HttpRequest) -> Result:
        """Ask for something that has to be there.

        Raises:
            Refused: the server said no.
            Unanswered: it said nothing for `patience_s`.
        """
        return msgspec.json.decode(await self._request_with_retries(request), type=response_type)

    async def request_if_allowed(self, response_type: type[Result], request: HttpRequest) -> Result | None:
        """As `ask`; None where what it is about is no longer there, or no longer taken."""
        content = await self._content_if_allowed(request)
        return None if content is None else msgspec.json.decode(content, type=response_type)

    async def execute(self, request: HttpRequest) -> bool:
        """As `attempt`, with nothing in the answer; whether it was done."""
        return await self._content_if_allowed(request) is not None

    async def _content_if_allowed(self, request: HttpRequest) -> bytes | None:
        try:
            return await self._request_with_retries(request)
        except RequestRejected as refused:
            if refused.status in SKIPPED_STATUSES:
                return None
            raise

    async def _request_with_retries(self, request: HttpRequest) -> bytes:
        loop = asyncio.get_running_loop()
        backoff = Backoff(BACKOFF_BASE_S, BACKOFF_CAP_S, random.random)
        end = loop.time() + self._retry_for_s
        while True:
            try:
                return await self._request_once(request)
            except RequestRejected as refused:
                if refused.status not in RETRY_STATUSES or loop.time() >= end:
                    raise
                pause_s = backoff.delay_s(refused.retry_after_ms)
            except RequestTimeout:
                if loop.time() >= end:
                    raise
                pause_s = backoff.delay_s()
            await self._sleep(pause_s)

    async def _request_once(self, request: HttpRequest) -> bytes:
        sent = {"Content-Type": "application/json"} if request.body is not None else {}
        if request.token is not None:
            sent["Authorization"] = f"Bearer {request.token}"
        if request.idempotency_key is not None:
            sent["Idempotency-Key"] = request.idempotency_key
        try:
            async with self._session.request(
                request.method,
                self._url + request.path,
                params=request.query,
                data=None if request.body is None else _encoder.encode(request.body),
                headers=sent,
                timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RequestTimeout(f"{request.method} {request.path}: {type(error).__name__}") from error
        if response.status >= 300:
            raise _decode_rejection(response.status, content)
        return content


def _decode_rejection(status: int, content: bytes) -> RequestRejected:
    try:
        problem = msgspec.json.decode(content, type=ProblemDetails)
    except msgspec.DecodeError:
        # Not of this server: somebody between, who knows no problem details.
        problem = ProblemDetails("server.unavailable" if status >= 500 else "request.invalid")
    return RequestRejected(problem.code, problem.detail, status=status, retry_after_ms=problem.retry_after_ms)

"""HTTP client that retries requests to one server while it is overloaded or does not respond.

Every request must be safe to repeat: idempotent, or sent with an idempotency key. A retry waits for the
`retry_after_ms` of the error, or with exponential backoff. Redirects are not followed, so that the token is
not sent to another host.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import aiohttp
import msgspec

from client.backoff import Backoff
from client.errors import RequestRejected, RequestTimeout
from client.http_responses import decode_rejection

Result = TypeVar("Result")
RETRY_STATUSES: Final = frozenset({429, 502, 503, 504})
SKIPPED_STATUSES: Final = frozenset({403, 404, 409})
REQUEST_TIMEOUT_S: Final = 30.0
BACKOFF_BASE_S: Final = 0.25
BACKOFF_CAP_S: Final = 5.0
_encoder = msgspec.json.Encoder()


class HttpRequest(msgspec.Struct, frozen=True):
    """`idempotency_key` is sent as `Idempotency-Key`, `token` as the bearer token."""

    method: str
    path: str
    token: str | None = None
    body: msgspec.Struct | None = None
    idempotency_key: str | None = None
    query: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"HttpRequest({self.method} {self.path})"


class RetryingHttpClient:
    """A request is retried until `retry_for_s` after it was first sent; not if it had to wait longer."""

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
        """Send a request and decode its response.

        Raises:
            RequestRejected: the server rejected the request; with a status of `RETRY_STATUSES`, to the last.
            RequestTimeout: the last attempt got no response.
        """
        return msgspec.json.decode(await self._request_with_retries(request), type=response_type)

    async def request_if_allowed(self, response_type: type[Result], request: HttpRequest) -> Result | None:
        """Like `request`, but return None on 403, 404 and 409."""
        content = await self._content_if_allowed(request)
        return None if content is None else msgspec.json.decode(content, type=response_type)

    async def execute(self, request: HttpRequest) -> bool:
        """Like `request_if_allowed`, ignoring the response body; return whether it succeeded."""
        return await self._content_if_allowed(request) is not None

    async def _content_if_allowed(self, request: HttpRequest) -> bytes | None:
        try:
            return await self._request_with_retries(request)
        except RequestRejected as rejected:
            if rejected.status in SKIPPED_STATUSES:
                return None
            raise

    async def _request_with_retries(self, request: HttpRequest) -> bytes:
        loop = asyncio.get_running_loop()
        backoff = Backoff(BACKOFF_BASE_S, BACKOFF_CAP_S, random.random)
        end = loop.time() + self._retry_for_s
        while True:
            try:
                return await self._request_once(request)
            except RequestRejected as rejected:
                delay_s = backoff.delay_s(rejected.retry_after_ms)
                if rejected.status not in RETRY_STATUSES or loop.time() + delay_s >= end:
                    raise
            except RequestTimeout:
                delay_s = backoff.delay_s()
                if loop.time() + delay_s >= end:
                    raise
            await self._sleep(delay_s)

    async def _request_once(self, request: HttpRequest) -> bytes:
        headers = {"Content-Type": "application/json"} if request.body is not None else {}
        if request.token is not None:
            headers["Authorization"] = f"Bearer {request.token}"
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        try:
            async with self._session.request(
                request.method,
                self._url + request.path,
                params=request.query,
                data=None if request.body is None else _encoder.encode(request.body),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RequestTimeout(f"{request.method} {request.path}: {type(error).__name__}") from error
        if response.status >= 300:
            raise decode_rejection(response.status, content)
        return content

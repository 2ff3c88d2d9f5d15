"""One HTTP server: sends requests with the token of a user and decodes the responses.

A rejected request raises `RequestRejected`. Without a response, or with one that cannot be decoded, it raises
`RequestTimeout`, also if there is no connection. Requests are not retried. Redirects are not followed, so
that the token is not sent to another host.
"""

from collections.abc import AsyncGenerator, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from client.errors import RequestTimeout
from client.http_responses import decode_rejection

Response = TypeVar("Response")
Query = Mapping[str, str | int | None]
NO_CONTENT: Final = 204
DOWNLOAD_BYTES: Final = 64 * 1024


class HttpTransport:
    """Without a `session`, it creates and closes one. `token` may change between requests."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        session: aiohttp.ClientSession | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._url = url.rstrip("/")
        self.token = token
        self._owns_session = session is None
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._owns_session and self._session is not None:
            await self._session.close()

    async def request(
        self,
        response_type: type[Response] | None,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request and decode the response; return its text for the type `str`, and None for None."""
        request_headers = dict(headers or {})
        if self.token is not None:
            request_headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            request_headers["Content-Type"] = "application/json"
        try:
            async with self._open_session().request(
                method,
                self._url + path,
                params={name: str(value) for name, value in (query or {}).items() if value is not None},
                data=None if body is None else msgspec.json.encode(body),
                headers=request_headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RequestTimeout(f"{method}: {type(error).__name__}") from error
        if response.status >= 300:
            raise decode_rejection(response.status, content)
        decoded: Any = None
        # Endpoints without a response body are typed None by their method.
        try:
            if response_type is str:
                decoded = content.decode()
            elif response_type is not None and response.status != NO_CONTENT:
                decoded = msgspec.json.decode(content, type=response_type)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RequestTimeout(f"{method}: the response is not one of Convene") from error
        result: Response = decoded
        return result

    async def download(self, path: str) -> AsyncGenerator[bytes]:
        """Yield the body of a response in parts, without sending the token. Has no time limit in total."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=self._timeout.total)
        try:
            async with self._open_session().get(
                self._url + path, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status >= 300:
                    raise decode_rejection(response.status, await response.read())
                async for part in response.content.iter_chunked(DOWNLOAD_BYTES):
                    yield part
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RequestTimeout(f"GET: {type(error).__name__}") from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session


def resource_path(collection: str, *segments: str) -> str:
    """Return the path of a resource in a collection; the segments may have any characters."""
    return "/".join((collection, *(quote(segment, safe="") for segment in segments)))


def key_header(idempotency_key: str | None) -> dict[str, str]:
    return {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}

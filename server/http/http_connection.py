"""HTTP connections with limits: how many there are, and how long a client may take to send and to read.

Extends aiohttp's connection class (pinned; `tests/server/http/test_http_connection.py` guards what is used).
Websockets leave these limits when their handshake is done and have their own.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import msgspec
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from actors.protocol.errors import ApiError, overloaded
from actors.runtime.timer_wheel import Timer, TimerWheel
from config.limits import Limits
from server.http.problem import REQUEST_ID_HEADER, SERVER_HEADER_VALUE, get_request_id, problem_response
from server.http.rate_limiter import address_bucket_key

_log = logging.getLogger("convene")

LINGERING_S: Final = 1.0
"""Time for which the rest of an unread body is received and dropped, so that the response is not reset."""

TLS_HANDSHAKE_S: Final = 10.0
"""Time for a TLS handshake. Until it is done a connection counts against no limit but that of descriptors."""

RESERVED_CONNECTIONS: Final = 64
"""Connections beyond the limit that are still accepted, for `RESERVED_PATHS` alone."""

RESERVED_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})

RequestCallback = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class HttpConnectionStatistics(msgspec.Struct, frozen=True):
    connections: int
    rejected: int


class HttpConnectionLimiter:
    """Counts the HTTP connections of an instance, in total and per client address.

    With `trusted_proxies` above 0 all connections come from the proxies, and only the total counts.
    """

    def __init__(self, wheel: TimerWheel, limits: Limits, trusted_proxies: int) -> None:
        self.wheel = wheel
        self.first_request_s = limits.request_timeout_ms / 1000
        self.write_s = limits.write_timeout_ms / 1000
        self._limits = limits
        self._per_address: Counter[str] | None = Counter() if trusted_proxies == 0 else None
        self._total = 0
        self.rejected = 0

    def statistics(self) -> HttpConnectionStatistics:
        return HttpConnectionStatistics(self._total, self.rejected)

    @property
    def total(self) -> int:
        return self._total

    def add(self, address: str) -> bool:
        """Count a connection. Returns False if it exceeds a limit; `remove` it in any case."""
        self._total += 1
        exceeds = self._total > self._limits.http_connections
        if self._per_address is not None:
            self._per_address[address] += 1
            exceeds = exceeds or self._per_address[address] > self._limits.http_connections_per_address
        self.rejected += exceeds
        return not exceeds

    @property
    def exhausted(self) -> bool:
        """Whether the reserved connections are used up too."""
        return self._total > self._limits.http_connections + RESERVED_CONNECTIONS

    def remove(self, address: str) -> None:
        self._total -= 1
        if self._per_address is not None:
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]


class HttpConnection(RequestHandler):
    """A connection of aiohttp's server, counted; closed if its client does not send or read in time."""

    __slots__ = (
        "_address", "_exceeds_limit", "_first_request_timer", "_limiter", "_unsent_bytes", "_write_timer",
        "_writing_to", "on_lost",
    )  # fmt: skip

    def __init__(self, limiter: HttpConnectionLimiter, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._limiter = limiter
        self._address: str | None = None
        self._exceeds_limit = False
        self._first_request_timer: Timer | None = None
        self._write_timer: Timer | None = None
        self._unsent_bytes = 0
        # aiohttp forgets its transport before the transport has sent everything.
        self._writing_to: asyncio.Transport | None = None
        # Called when the client disconnects; set by a handler while it streams, and reset by it.
        self.on_lost: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._writing_to = cast("asyncio.Transport", transport)
        # Any byte that the client does not take pauses writing, and so starts the timer.
        self._writing_to.set_write_buffer_limits(high=0)
        peer = transport.get_extra_info("peername")
        self._address = address_bucket_key(peer[0]) if isinstance(peer, tuple) else "local"
        self._exceeds_limit = not self._limiter.add(self._address)
        if self._exceeds_limit and self._limiter.exhausted:
            self.force_close()
            return
        self._first_request_timer = self._limiter.wheel.call_later(
            self._limiter.first_request_s, self._close_if_silent
        )

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._address is not None:
            self._limiter.remove(self._address)
            self._address = None
        if self._first_request_timer is not None:
            self._first_request_timer.cancel()
            self._first_request_timer = None
        self._cancel_write_timer()
        self._writing_to = None
        if self.on_lost is not None:
            self.on_lost()
            self.on_lost = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_write_timer()

    def resume_writing(self) -> None:
        self._cancel_write_timer()
        super().resume_writing()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what the client sent
    ) -> web.StreamResponse:
        """Answer a request that cannot be parsed with a problem, and log one line."""
        if request.writer.output_size > 0:
            raise ConnectionError("the response has begun")
        if status < 500:
            _log.info("malformed request", extra={"reason": type(exc).__name__})
            error = ApiError("request.invalid", "The request is not valid HTTP.")
        else:
            _log.error("request failed", exc_info=exc)
            error = ApiError("server.error", "Internal error.")
        return _last_response(error, request, status)

    def log_exception(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the signature of aiohttp
        """Log what aiohttp could not handle; a client that went away, or sent no valid HTTP, is no error."""
        error = kwargs.get("exc_info")
        if isinstance(error, ConnectionError | web.RequestPayloadError | HttpProcessingError):
            _log.info("malformed request", extra={"reason": type(error).__name__})
        else:
            _log.error("connection failed", exc_info=error)

    async def _handle_request(
        self, request: web.BaseRequest, start_time: float | None, request_handler: RequestCallback
    ) -> tuple[web.StreamResponse, bool]:
        if self._exceeds_limit and request.path not in RESERVED_PATHS:
            request_handler = _reject
        elif hdrs.EXPECT in request.headers and not _is_expectation_known(request):
            # aiohttp would answer in plain text, before any middleware.
            request_handler = _refuse_expectation
        return await super()._handle_request(request, start_time, request_handler)

    def _start_write_timer(self) -> None:
        if self._writing_to is not None:
            self._unsent_bytes = self._writing_to.get_write_buffer_size()
            self._write_timer = self._limiter.wheel.call_later(self._limiter.write_s, self._abort_if_unread)

    def _cancel_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _abort_if_unread(self) -> None:
        """Abort if the client has read nothing since the timer was started; a slow reader goes on."""
        self._write_timer = None
        if self._writing_to is None:
            return
        if self._writing_to.get_write_buffer_size() >= self._unsent_bytes:
            self._writing_to.abort()
        else:
            self._start_write_timer()

    def _close_if_silent(self) -> None:
        self._first_request_timer = None
        if self._request_count == 0:
            self.force_close()


class HttpServer(web.Server):
    """aiohttp's server with `HttpConnection`."""

    def __init__(self, limiter: HttpConnectionLimiter, server: web.Server) -> None:
        super().__init__(
            server.request_handler,
            request_factory=server.request_factory,
            loop=server._loop,  # noqa: SLF001 - aiohttp has no public way to replace the connection class
            **server._kwargs,  # noqa: SLF001
        )
        self._limiter = limiter

    def __call__(self) -> RequestHandler:
        return HttpConnection(self._limiter, self, loop=self._loop, **self._kwargs)


class HttpRunner(web.AppRunner):
    """Runs an application on `HttpServer`. Request bodies are never decompressed."""

    __slots__ = ("_limiter",)

    def __init__(self, app: web.Application, limiter: HttpConnectionLimiter, keepalive_s: float) -> None:
        super().__init__(
            app,
            access_log=None,
            shutdown_timeout=2.0,
            auto_decompress=False,
            keepalive_timeout=keepalive_s,
            lingering_time=LINGERING_S,
        )
        self._limiter = limiter

    async def _make_server(self) -> web.Server:
        return HttpServer(self._limiter, await super()._make_server())


class HttpSite(web.TCPSite):
    """Listens for a runner. A client has `TLS_HANDSHAKE_S` for its TLS handshake."""

    async def start(self) -> None:
        await web.BaseSite.start(self)
        server = self._runner.server
        assert server is not None
        self._server = await asyncio.get_running_loop().create_server(
            server,
            self._host,
            self._port,
            ssl=self._ssl_context,
            backlog=self._backlog,
            reuse_port=self._reuse_port,
            ssl_handshake_timeout=TLS_HANDSHAKE_S if self._ssl_context is not None else None,
        )


def _is_expectation_known(request: web.BaseRequest) -> bool:
    return all(value.strip().lower() == "100-continue" for value in request.headers.getall(hdrs.EXPECT))


async def _refuse_expectation(request: web.BaseRequest) -> web.StreamResponse:
    """RFC 9110, section 10.1.1."""
    _log.info("malformed request", extra={"reason": "Expect"})
    error = ApiError("request.invalid", "The only expectation that is supported is `100-continue`.")
    return _last_response(error, request, 417)


async def _reject(request: web.BaseRequest) -> web.StreamResponse:
    error = overloaded("Too many HTTP connections.")
    return _last_response(error, request, error.status)


def _last_response(error: ApiError, request: web.BaseRequest, status: int) -> web.Response:
    request_id = get_request_id(request)
    response = problem_response(error, request_id, status)
    response.headers[REQUEST_ID_HEADER] = request_id
    response.headers[hdrs.SERVER] = SERVER_HEADER_VALUE
    response.force_close()
    return response

"""`GET /v1/ws`: upgrades an HTTP request to a `WebSocketConnection` on the same transport.

aiohttp reads the request. The transport is then detached from it: aiohttp's protocol is closed as if the peer
had disconnected, and the bytes it has read after the request are passed to the connection. This relies on
private attributes of aiohttp, which is pinned; tests guard it.
"""

import contextlib
from collections.abc import Container
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from actors.accounts.authenticator import Authenticator
from actors.protocol.errors import ApiError
from server.http.cors import ANY_ORIGIN
from server.http.problem import REQUEST_ID, problem_response
from server.http.rate_limiter import RateLimiter, RequestRateClass, address_bucket_key
from server.http.route_adapter import bearer_token
from server.http.trusted_proxies import TrustedProxies
from server.websocket.connection import WebSocketConnection
from server.websocket.connection_manager import ConnectionManager
from server.websocket.handshake import WEBSOCKET_VERSION, accept_handshake


class DetachedResponse(web.StreamResponse):
    """Placeholder response of a detached connection; aiohttp writes nothing for it."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing: the transport belongs to the websocket connection."""

    @property
    def prepared(self) -> bool:
        return True


class WebSocketEndpoint:
    """Checks handshake, origin, rate limits and token of a request, and upgrades it.

    Pages of the same host and of `allowed_origins` may connect, and clients that send no `Origin`.
    """

    def __init__(
        self,
        connections: ConnectionManager,
        authenticator: Authenticator,
        allowed_origins: Container[str],
        rate_limiter: RateLimiter,
        trusted_proxies: TrustedProxies,
    ) -> None:
        self._connections = connections
        self._authenticator = authenticator
        self._allowed_origins = allowed_origins
        self._rate_limiter = rate_limiter
        self._trusted_proxies = trusted_proxies

    async def handle(self, request: web.Request) -> web.StreamResponse:
        # Per address first, so that one address cannot use up the limits that all clients share. Nothing else
        # limits requests that are no valid handshake.
        address = address_bucket_key(self._trusted_proxies.client_address(request))
        self._rate_limiter.consume(request, RequestRateClass.SOCKET, address)
        try:
            handshake_response, subprotocol = accept_handshake(
                request.method, request.version, request.headers
            )
        except ApiError as error:
            response = problem_response(error, request[REQUEST_ID])
            # RFC 6455, section 4.4: the response to an unsupported version names the supported one.
            response.headers["Sec-WebSocket-Version"] = WEBSOCKET_VERSION
            return response
        self._check_origin(request)
        token = bearer_token(request)
        identity = None
        if token is not None:
            # Before `admit`: a client with a valid token needs no unauthenticated slot.
            identity = await self._authenticator.authenticate_connect(token)
        self._connections.admit(address, authenticated=identity is not None)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        transport.write(handshake_response)
        leftover = detach_connection(request)
        connection = WebSocketConnection(self._connections, transport, subprotocol)
        transport.set_protocol(connection)
        connection.start(identity, address, leftover)
        if not transport.is_closing():
            transport.resume_reading()
        return DetachedResponse(status=101)

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or ANY_ORIGIN in self._allowed_origins or origin in self._allowed_origins:
            return
        # A malformed origin has no host.
        with contextlib.suppress(ValueError):
            if urlsplit(origin).netloc.lower() == request.headers.get(hdrs.HOST, "").lower():
                return
        raise ApiError(
            "permission.denied", "The `Origin` of this page is not in the server's list of allowed origins."
        )


def detach_connection(request: web.Request) -> bytes:
    """Detach the transport from aiohttp. Returns the bytes that aiohttp has read after the request."""
    protocol = request.protocol
    leftover: bytes = protocol._message_tail  # noqa: SLF001 - see the docstring of this file
    protocol._message_tail = b""  # noqa: SLF001
    # Without a transport aiohttp cannot close it; after `connection_lost` it reads no further request.
    protocol.transport = None
    protocol.connection_lost(None)
    return leftover

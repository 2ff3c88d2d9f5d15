"""`GET /v1/ws`: from an HTTP request to a socket of our own on the same transport.

aiohttp reads the request; then the connection is taken from it: its bookkeeping is ended as if the peer
had left, and what it had read behind the handshake goes to the socket. Guarded by tests, because it
depends on how aiohttp (pinned) keeps such bytes. It never upgrades what the door has not admitted.
"""

from collections.abc import Container

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from actors.accounts.authenticator import Authenticator
from actors.protocol.errors import ApiError
from config.accounts import CARD_CACHE_S
from server.http.client_address import client_address
from server.http.problem import problem_response
from server.http.rate_limiter import RateClass, RateLimiter, address_bucket_key
from server.http.request_id import REQUEST_ID
from server.http.route import bearer_token
from server.websocket.connection import WebSocketConnection
from server.websocket.connection_manager import ConnectionManager
from server.websocket.handshake import WEBSOCKET_VERSION, accept_handshake

ANY_ORIGIN = "*"


class DetachedResponse(web.StreamResponse):
    """What the handler answers once the connection is no longer aiohttp's: nothing is written."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """There is nothing to end."""

    @property
    def prepared(self) -> bool:
        return True


class WebSocketEndpoint:
    def __init__(
        self,
        connections: ConnectionManager,
        authenticator: Authenticator,
        allowed_origins: Container[str],
        rate_limiter: RateLimiter,
        trusted_proxies: int,
    ) -> None:
        self._connections = connections
        self._authenticator = authenticator
        self._allowed_origins = allowed_origins
        self._rate_limiter = rate_limiter
        self._trusted_proxies = trusted_proxies

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            answer, protocol = accept_handshake(request.method, request.version, request.headers)
        except ApiError as refusal:
            response = problem_response(refusal, request[REQUEST_ID])
            # RFC 6455, section 4.4: whoever speaks another version learns ours.
            response.headers["Sec-WebSocket-Version"] = WEBSOCKET_VERSION
            return response
        self._check_origin(request)
        # By address first: who knocks too often takes nothing from what all share.
        address = client_address(request, self._trusted_proxies)
        self._rate_limiter.consume(request, RateClass.SOCKET, address_bucket_key(address))
        self._connections.admit()
        token = bearer_token(request)
        identity = None
        if token is not None:
            identity = await self._authenticator.authenticate(token, max_age_s=CARD_CACHE_S)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        transport.write(answer)
        tail = detach_connection(request)
        socket = WebSocketConnection(self._connections, transport, protocol)
        transport.set_protocol(socket)
        socket.start(identity, tail)
        if not transport.is_closing():
            transport.resume_reading()
        return DetachedResponse()

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None or ANY_ORIGIN in self._allowed_origins or origin in self._allowed_origins:
            return
        raise ApiError("permission.denied", "Pages of this origin may not connect.")


def detach_connection(request: web.Request) -> bytes:
    """End aiohttp's part in a connection and answer the bytes it had read ahead."""
    protocol = request.protocol
    tail: bytes = protocol._message_tail  # noqa: SLF001 - see the docstring of this file
    protocol._message_tail = b""  # noqa: SLF001
    # Without its transport it closes nothing, and without its connection it reads no further request.
    protocol.transport = None
    protocol.connection_lost(None)
    return tail

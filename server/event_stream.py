"""The user stream as server-sent events (WHATWG HTML, section 9.2).

    ready | missed events, or resync | live events, and a keep-alive comment per heartbeat interval

Carries the events of the caller's user stream; the log entries of conversations are sent to websockets only.
Each durable event has the id `<epoch>.<position>`. A client resumes after it with `Last-Event-ID`. A client
that reads too slowly is disconnected and can resume the same way.
"""

import asyncio
from collections import deque

import msgspec
from aiohttp import hdrs, web

from actors.accounts.authenticator import Authenticator
from actors.protocol.errors import ApiError
from actors.sessions.session_dependencies import SessionDependencies
from actors.sessions.stream_recovery import StreamSubscription
from server.http.http_connection import HttpConnection
from server.http.problem import authentication_required
from server.http.rate_limiter import RateLimiter, RequestRateClass, address_bucket_key
from server.http.route_adapter import bearer_token
from server.http.trusted_proxies import TrustedProxies
from storage.contracts.user_streams import StreamItem, StreamPosition

KEEPALIVE_COMMENT = b":\n\n"
LAST_EVENT_ID_CHARACTERS = 100


class StreamReady(msgspec.Struct, frozen=True, tag="ready"):
    """First event of a stream opened without `Last-Event-ID`: the position from which events follow."""

    epoch: str
    position: int
    unread_notifications: int


class EventQueue:
    """Encoded events waiting to be written to one response, bounded in bytes.

    A `StreamSubscriber`. On overflow the queue closes; the client resumes after the last event it received.
    Ephemeral events are dropped once a quarter of the bound is used.
    """

    def __init__(self, session_id: str, max_bytes: int) -> None:
        self._session_id = session_id
        self._max_bytes = max_bytes
        self._pending: deque[bytes] = deque()
        self._pending_bytes = 0
        self._ready = asyncio.Event()
        self.closed = False

    @property
    def session_id(self) -> str:
        return self._session_id

    def deliver(self, item: StreamItem) -> None:
        self.put(encode_sse_event(item.payload, item.epoch, item.position))

    def deliver_ephemeral(self, payload: bytes) -> None:
        if self._pending_bytes * 4 < self._max_bytes:
            self.put(encode_sse_event(payload))

    def deliver_resync(self, reason: str, position: StreamPosition, payload: bytes) -> None:  # noqa: ARG002
        self.put(encode_sse_event(payload, position.epoch, position.position))

    def close(self, reason: str) -> None:  # noqa: ARG002
        self.closed = True
        self._ready.set()

    def put(self, encoded: bytes) -> None:
        self._pending_bytes += len(encoded)
        if self._pending_bytes > self._max_bytes:
            # A dropped event would be a silent gap. A closed stream makes the client resume.
            self.close("too slow")
            return
        self._pending.append(encoded)
        self._ready.set()

    async def drain(self, timeout_s: float) -> bytes:
        """Wait for events and return all pending ones, joined.

        Returns a keep-alive comment after `timeout_s` without an event, and b"" once closed and empty.
        """
        if not self._pending and not self.closed:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._ready.wait()
            except TimeoutError:
                return KEEPALIVE_COMMENT
        self._ready.clear()
        encoded = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        return encoded


class EventStreamEndpoint:
    """`GET /v1/stream`: serves the caller's user stream until the client disconnects."""

    def __init__(
        self,
        authenticator: Authenticator,
        dependencies: SessionDependencies,
        rate_limiter: RateLimiter,
        trusted_proxies: TrustedProxies,
    ) -> None:
        self._authenticator = authenticator
        self._rate_limiter = rate_limiter
        self._trusted_proxies = trusted_proxies
        self._online_users = dependencies.online_users
        self._stream_recovery = dependencies.stream_recovery
        self._count_unread = dependencies.count_unread
        self._limits = dependencies.limits
        self._queues: set[EventQueue] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        # As for websockets: each new one is work for the stores, and a valid token is not needed to ask.
        address = address_bucket_key(self._trusted_proxies.client_address(request))
        self._rate_limiter.consume(request, RequestRateClass.SOCKET, address)
        token = bearer_token(request)
        if token is None:
            raise authentication_required()
        identity = await self._authenticator.authenticate(token)
        queue = EventQueue(identity.session_id, self._limits.send_queue_hard_bytes)
        subscription = await self._online_users.add_event_stream(queue, identity.user.id)
        if subscription is None:
            raise ApiError("rate.limited", "This user has too many open connections; close one first.")
        self._queues.add(queue)
        try:
            initial = await self._initial_events(subscription, request.headers.get("Last-Event-ID"))
            return await self._write_events(request, queue, initial)
        finally:
            self._queues.discard(queue)
            self._online_users.remove_event_stream(queue, subscription.user)

    def close(self) -> None:
        """End all open streams, at shutdown; clients reconnect to another instance."""
        for queue in self._queues:
            queue.close("shutdown")

    async def _initial_events(
        self, subscription: StreamSubscription, last_event_id: str | None
    ) -> list[bytes]:
        """Return the events to write before the live ones: `ready`, the missed events, or `resync`."""
        start = subscription.position
        if last_event_id is None:
            unread = await self._count_unread(subscription.user.user_id)
            ready = StreamReady(start.epoch, start.position, unread)
            return [encode_sse_event(msgspec.json.encode(ready), start.epoch, start.position)]
        epoch, _, number = last_event_id[:LAST_EVENT_ID_CHARACTERS].rpartition(".")
        position = int(number) if number.isascii() and number.isdigit() else -1
        items = None
        if position >= 0:
            items = await self._stream_recovery.missed_items(subscription, epoch, position)
        if items is None:
            frame = self._stream_recovery.encode_resync(subscription, epoch, position)
            return [encode_sse_event(frame, start.epoch, start.position)]
        self._stream_recovery.outcomes["resumed"] += 1
        return [encode_sse_event(item.payload, item.epoch, item.position) for item in items]

    async def _write_events(
        self, request: web.Request, queue: EventQueue, initial: list[bytes]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: "text/event-stream",
                hdrs.CACHE_CONTROL: "no-store",
                # A proxy that buffers the whole response would never forward it.
                "X-Accel-Buffering": "no",
            }
        )
        await response.prepare(request)
        heartbeat_s = self._limits.heartbeat_ms / 1000
        write_s = self._limits.write_timeout_ms / 1000
        connection = request.protocol
        if isinstance(connection, HttpConnection):
            # Otherwise a client that has disconnected counts against the limits until the next keep-alive.
            connection.on_lost = lambda: queue.close("disconnected")
        try:
            await response.write(b"".join(initial) or KEEPALIVE_COMMENT)
            while not queue.closed:
                encoded = await queue.drain(heartbeat_s)
                if encoded:
                    async with asyncio.timeout(write_s):
                        await response.write(encoded)
        except (ConnectionError, TimeoutError):
            pass
        finally:
            if isinstance(connection, HttpConnection):
                connection.on_lost = None
        return response


def encode_sse_event(payload: bytes, epoch: str | None = None, position: int = 0) -> bytes:
    """Encode one event. The payload is JSON without line breaks, so it fits one `data` line."""
    if epoch is None:
        return b"data: %b\n\n" % payload
    return b"id: %b.%d\ndata: %b\n\n" % (epoch.encode(), position, payload)

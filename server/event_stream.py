"""One's user stream as server-sent events (WHATWG HTML, section 9.2): what sockets hear, without rooms.

    ready | missed frames, or resync | frames and hints as they come, a comment when nothing does

Each durable frame bears the id `<epoch>.<position>`; `Last-Event-ID` goes on behind it. A reader who does
not keep up is let go and comes back there. Never tells what is said in a conversation.
"""

import asyncio
from collections import deque

import msgspec
from aiohttp import hdrs, web

from actors.accounts.authenticator import Authenticator
from actors.protocol.errors import ApiError
from actors.sessions.session_services import SessionServices
from actors.sessions.stream_recovery import StreamSubscription
from server.http.route import bearer_token
from storage.contracts.user_streams import StreamItem, StreamPosition

KEEPALIVE_COMMENT = b":\n\n"
LAST_EVENT_ID_CHARACTERS = 100


class StreamReady(msgspec.Struct, frozen=True, tag="ready"):
    """Where the stream begins for this reader."""

    epoch: str
    position: int
    unread_notifications: int


class EventQueue:
    """A `Listener`: what is told waits here, bounded in bytes, until it is written."""

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
        self.put(encode_event(item.frame, item.epoch, item.position))

    def deliver_ephemeral(self, payload: bytes) -> None:
        if self._pending_bytes * 4 < self._max_bytes:
            self.put(encode_event(payload))

    def deliver_resync(self, reason: str, position: StreamPosition, payload: bytes) -> None:  # noqa: ARG002
        self.put(encode_event(payload, position.epoch, position.position))

    def close(self, reason: str) -> None:  # noqa: ARG002
        self.closed = True
        self._ready.set()

    def put(self, encoded: bytes) -> None:
        self._pending_bytes += len(encoded)
        if self._pending_bytes > self._max_bytes:
            # Nothing is dropped in silence: the reader comes back behind what it has seen.
            self.close("too slow")
            return
        self._pending.append(encoded)
        self._ready.set()

    async def drain(self, timeout_s: float) -> bytes:
        """All that waits; a comment when nothing came for so long."""
        if not self._pending and not self.closed:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._ready.wait()
            except TimeoutError:
                return KEEPALIVE_COMMENT
        self._ready.clear()
        taken = b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        return taken


class EventStreamEndpoint:
    def __init__(self, authenticator: Authenticator, services: SessionServices) -> None:
        self._authenticator = authenticator
        self._online_users = services.online_users
        self._stream_recovery = services.stream_recovery
        self._count_unread = services.count_unread
        self._limits = services.limits
        self._queues: set[EventQueue] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        token = bearer_token(request)
        if token is None:
            raise ApiError("auth.required", "This needs a token.")
        identity = await self._authenticator.authenticate(token)
        queue = EventQueue(identity.session_id, self._limits.send_queue_hard_bytes)
        entered = await self._online_users.add_subscriber(queue, identity.user.id)
        if entered is None:
            raise ApiError("rate.limited", "This user has too many connections.")
        self._queues.add(queue)
        try:
            first = await self._initial_events(entered, request.headers.get("Last-Event-ID"))
            return await self._write_events(request, queue, first)
        finally:
            self._queues.discard(queue)
            self._online_users.remove_subscriber(queue, entered.user)

    def close(self) -> None:
        """The server stops: readers come back elsewhere."""
        for queue in self._queues:
            queue.close("shutdown")

    async def _initial_events(
        self, subscription: StreamSubscription, last_event_id: str | None
    ) -> list[bytes]:
        """What comes before all that is told from now on."""
        place = subscription.position
        if last_event_id is None:
            unread = await self._count_unread(subscription.user.user_id)
            ready = StreamReady(place.epoch, place.position, unread)
            return [encode_event(msgspec.json.encode(ready), place.epoch, place.position)]
        epoch, _, number = last_event_id[:LAST_EVENT_ID_CHARACTERS].rpartition(".")
        position = int(number) if number.isascii() and number.isdigit() else -1
        items = None
        if position >= 0:
            items = await self._stream_recovery.missed_items(subscription, epoch, position)
        if items is None:
            frame = self._stream_recovery.encode_resync(subscription, epoch, position)
            return [encode_event(frame, place.epoch, place.position)]
        return [encode_event(item.frame, item.epoch, item.position) for item in items]

    async def _write_events(
        self, request: web.Request, queue: EventQueue, initial: list[bytes]
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: "text/event-stream",
                hdrs.CACHE_CONTROL: "no-store",
                # Proxies that gather answers before passing them on would gather for ever.
                "X-Accel-Buffering": "no",
            }
        )
        await response.prepare(request)
        heartbeat_s = self._limits.heartbeat_ms / 1000
        write_s = self._limits.write_timeout_ms / 1000
        try:
            await response.write(b"".join(initial) or KEEPALIVE_COMMENT)
            while not queue.closed:
                taken = await queue.drain(heartbeat_s)
                if taken:
                    async with asyncio.timeout(write_s):
                        await response.write(taken)
        except (ConnectionError, TimeoutError):
            pass
        return response


def encode_event(payload: bytes, epoch: str | None = None, position: int = 0) -> bytes:
    """One event; JSON has no line breaks, so it is one line of data."""
    if epoch is None:
        return b"data: %b\n\n" % payload
    return b"id: %b.%d\ndata: %b\n\n" % (epoch.encode(), position, payload)

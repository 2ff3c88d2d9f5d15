"""The connection of one virtual user: connect, loss, and reconnect to another server.

    DISCONNECTED -> CONNECTING -> READY -> (lost) -> DISCONNECTED -> ...    CLOSED: no reconnect

Follows the servers' retry times and close codes.
"""

import asyncio
from enum import Enum
from typing import Final, Protocol

from client.backoff import Backoff
from client.close_info import CloseInfo
from loadtest.metrics.clock import now_us
from loadtest.virtual_users.worker_context import WorkerContext
from loadtest.websocket.connection import ClientConnection
from loadtest.websocket.frames import ReceivedEvent

BACKOFF_BASE_S: Final = 1.0
BACKOFF_CAP_S: Final = 8.0
OPEN_TIMEOUT_S: Final = 30.0
RECONNECTS_MAX: Final = 20


class ConnectionState(Enum):
    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    READY = "ready"
    CLOSED = "closed"


class ConnectionOwner(Protocol):
    """Receives the events of a connection."""

    def authentication_frame(self) -> bytes:
        """Return the first frame to send."""

    def on_events(self, events: list[ReceivedEvent]) -> None:
        """Handle events received together, in order."""

    def on_disconnect(self) -> None:
        """The connection is lost, with everything in flight."""


class ConnectionLifecycle:
    """Implements `loadtest.websocket.connection.ConnectionHandler`."""

    __slots__ = (
        "_backoff",
        "_context",
        "_open_task",
        "_owner",
        "_reconnects",
        "_retry_after_ms",
        "_retry_same_server",
        "_socket",
        "_timer",
        "connect_started_us",
        "state",
        "url_index",
    )

    def __init__(self, owner: ConnectionOwner, url_index: int, context: WorkerContext) -> None:
        self.state = ConnectionState.DISCONNECTED
        self.url_index = url_index
        self.connect_started_us = 0
        self._owner = owner
        self._context = context
        self._backoff = Backoff(BACKOFF_BASE_S, BACKOFF_CAP_S, context.rng.random)
        self._socket: ClientConnection | None = None
        self._open_task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._retry_after_ms: int | None = None
        self._retry_same_server = False
        self._reconnects = 0

    # --- called by the owner

    def connect(self) -> None:
        """Connect, and retry until `ready`, a permanent rejection or `RECONNECTS_MAX` failures in a row."""
        if self.state is ConnectionState.DISCONNECTED:
            self.state = ConnectionState.CONNECTING
            self.connect_started_us = self.connect_started_us or now_us()
            self._open_task = asyncio.create_task(self._open())

    def on_ready(self) -> None:
        """Handle `ready`."""
        self._cancel_connect()
        self.state = ConnectionState.READY
        self._reconnects = 0
        self._backoff.reset()
        self._context.counters.connects += 1

    def send(self, payload: bytes) -> None:
        assert self._socket is not None
        self._socket.send_text(payload)

    def set_retry_after(self, retry_after_ms: int | None) -> None:
        """Delay the next reconnect as the server asked."""
        self._retry_after_ms = retry_after_ms

    def disconnect(self, reconnect_after_s: float) -> None:
        """Abort the connection, and reconnect to a random server after `reconnect_after_s`."""
        if self.state is ConnectionState.READY:
            self._abort_socket()
            self.state = ConnectionState.DISCONNECTED
            self._cancel_connect()
            self._owner.on_disconnect()
            self.url_index = self._context.rng.randrange(len(self._context.addresses))
            self._schedule_connect(reconnect_after_s)

    def close(self) -> None:
        """Close the connection for good."""
        self.state = ConnectionState.CLOSED
        self._cancel_connect()
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.close()

    # --- called by the websocket

    def on_open(self) -> None:
        self._retry_after_ms = None
        self.send(self._owner.authentication_frame())

    def on_rejected(self, status: int, retry_after_s: float | None) -> None:
        self._context.counters.rejected += 1
        if status not in {429, 503}:
            self._context.counters.errors[f"upgrade: {status}"] += 1
        self._retry_after_ms = round((retry_after_s or 0) * 1000)
        self._retry_same_server = retry_after_s is not None

    def on_close(self, code: int | None, reason: str) -> None:
        self._socket = None
        if self.state is ConnectionState.READY:
            self._context.counters.connections_lost += 1
        if self.state is ConnectionState.READY or code is not None:
            self._context.counters.errors[f"closed: {code or reason}"] += 1
        self._owner.on_disconnect()
        if CloseInfo(code, reason).may_reconnect:
            self._reconnect()
        else:
            self.state = ConnectionState.CLOSED
            self._cancel_connect()

    def on_events(self, events: list[ReceivedEvent]) -> None:
        self._owner.on_events(events)

    # --- internals

    async def _open(self) -> None:
        address = self._context.addresses[self.url_index]
        socket = self._socket = ClientConnection(self, address, self._context.decoder)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(OPEN_TIMEOUT_S, self._on_open_timeout)
        try:
            await loop.create_connection(lambda: socket, address.host, address.port, ssl=address.tls or None)
        except OSError as error:
            self._context.counters.errors[f"connect: {type(error).__name__}"] += 1
            self._reconnect()

    def _on_open_timeout(self) -> None:
        self._context.counters.errors["connect: not ready in time"] += 1
        self._abort_socket()
        self._reconnect()

    def _reconnect(self) -> None:
        self.state = ConnectionState.DISCONNECTED
        self._cancel_connect()
        self._reconnects += 1
        if self._reconnects > RECONNECTS_MAX:
            self.state = ConnectionState.CLOSED
            self._context.counters.errors["connect: given up"] += 1
            return
        if self._retry_same_server:
            # A full server reserves a slot: `Retry-After` applies to that server only.
            self._retry_same_server = False
        else:
            self._choose_other_server()
        self._schedule_connect(self._backoff.delay_s(self._retry_after_ms))

    def _schedule_connect(self, delay_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.connect)

    def _choose_other_server(self) -> None:
        """Choose any other server: the lost one may stay down."""
        count = len(self._context.addresses)
        if count > 1:
            self.url_index = (self.url_index + self._context.rng.randrange(1, count)) % count

    def _abort_socket(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.abort()

    def _cancel_connect(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        opening, self._open_task = self._open_task, None
        if opening is not None and not opening.done() and opening is not asyncio.current_task():
            opening.cancel()

"""A TCP proxy that can delay, filter, hold back, drop or cut what passes between a client and a server.

Frames from a websocket server are not masked, so the proxy can search them. Bytes are forwarded unchanged and
in order, unless a filter removes some.
"""

import asyncio
from collections.abc import Callable
from typing import Self, cast
from urllib.parse import unquote, urlsplit

from tests.until import until

StreamFilter = Callable[[bytes], bytes]
"""Called with each chunk that the server sent on one connection; returns the bytes to forward."""


class TcpProxy:
    """Forwards connections to `url`: `http`, `tcp`, or `unix` with a quoted path.

    Attributes:
        delay_s: Delay of the bytes from the server.
        make_filter: Called for each connection; returns its filter.
        drop_on: A connection is cut instead of forwarding a chunk from the server that contains these bytes.
        drop_reply_to: A connection that has sent these bytes is cut when its next reply arrives.
        accepting: If False, new connections are aborted.
    """

    def __init__(
        self,
        url: str,
        delay_s: float = 0.0,
        make_filter: Callable[[], StreamFilter] = lambda: lambda data: data,
    ) -> None:
        self._upstream = urlsplit(url)
        self.delay_s = delay_s
        self.make_filter = make_filter
        self._server: asyncio.Server | None = None
        self.connections: set[ProxiedConnection] = set()
        self.drop_on: bytes | None = None
        self.cuts = 0
        self.drop_reply_to: bytes | None = None
        self.dropped_replies = 0
        self.accepting = True
        self.address = ""

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exit: object) -> None:
        await self.close()

    async def start(self) -> int:
        """Listen on a free loopback port and return it."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: ProxiedConnection(self), "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        return port

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut_all()
        await until(lambda: not self.connections, 15.0)

    async def connect_upstream(self, connection: "ProxiedConnection") -> None:
        """Open the upstream connection."""
        loop = asyncio.get_running_loop()
        if self._upstream.scheme == "unix":
            await loop.create_unix_connection(
                lambda: UpstreamProtocol(connection), unquote(self._upstream.path)
            )
        else:
            await loop.create_connection(
                lambda: UpstreamProtocol(connection), self._upstream.hostname or "", self._upstream.port or 0
            )

    def cut_all(self) -> None:
        """Abort every connection, and refuse new ones until `accepting` is set again."""
        self.accepting = False
        for connection in list(self.connections):
            connection.cut()

    def should_cut(self, data: bytes) -> bool:
        """Whether this chunk from the server must not be forwarded; counts it."""
        if self.drop_on is None or self.drop_on not in data:
            return False
        self.cuts += 1
        return True

    def should_drop_reply(self, sent_bytes: bytes | bytearray) -> bool:
        """Whether the next reply on a connection that has sent this must be lost; counts it."""
        if self.drop_reply_to is None or self.drop_reply_to not in sent_bytes:
            return False
        self.dropped_replies += 1
        return True

    def drop_replies(self, sent_bytes: bytes) -> int:
        """Drop replies on current connections that have sent this; return how many.

        They stay open, as in a network failure.
        """
        connections = [item for item in self.connections if sent_bytes in item.sent_bytes]
        for connection in connections:
            connection.drops_replies = True
        return len(connections)

    def hold_requests(self, sent_bytes: bytes) -> "ProxiedConnection":
        """Hold back data from now on, on the one current connection that has sent this."""
        (connection,) = [item for item in self.connections if sent_bytes in item.sent_bytes]
        connection.held = bytearray()
        return connection


class ProxiedConnection(asyncio.Protocol):
    """The client side of a connection."""

    def __init__(self, proxy: TcpProxy) -> None:
        self._proxy = proxy
        self._filter = proxy.make_filter()
        self._client: asyncio.Transport | None = None
        self._upstream: asyncio.Transport | None = None
        self._connect_task: asyncio.Task[None] | None = None
        self._closed = False
        self.sent_bytes = bytearray()
        self.drops_replies = False
        self.held: bytearray | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client = cast("asyncio.Transport", transport)
        if not self._proxy.accepting:
            self._client.abort()
            return
        self._proxy.connections.add(self)
        self._connect_task = asyncio.ensure_future(self._proxy.connect_upstream(self))
        self._connect_task.add_done_callback(self._on_connect_done)

    def data_received(self, data: bytes) -> None:
        self.sent_bytes.extend(data)
        if self.held is not None:
            self.held.extend(data)
        elif self._upstream is not None:
            self._upstream.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._client = None
        if not self.held:
            self.cut()

    def release_first(self, size: int) -> None:
        """Forward the first bytes held back."""
        if self.held is not None and self._upstream is not None:
            self._upstream.write(bytes(self.held[:size]))
            del self.held[:size]

    def release(self) -> None:
        """Forward all data held back, even if the client has disconnected."""
        held, self.held = self.held, None
        if held and self._upstream is not None:
            self._upstream.write(held)

    def on_upstream_connected(self, upstream: asyncio.Transport) -> None:
        self._upstream = upstream
        upstream.write(bytes(self.sent_bytes))
        if self._closed:
            upstream.abort()

    def on_upstream_data(self, received: bytes) -> None:
        data = self._filter(received)
        if self._proxy.should_cut(received) or self._proxy.should_drop_reply(self.sent_bytes):
            self.cut()
        elif self.drops_replies:
            return
        elif self._proxy.delay_s:
            asyncio.get_running_loop().call_later(self._proxy.delay_s, self._forward, data)
        else:
            self._forward(data)

    def _forward(self, data: bytes) -> None:
        if not self._closed and self._client is not None:
            self._client.write(data)

    def on_upstream_lost(self) -> None:
        self._upstream = None
        self.cut()

    def cut(self) -> None:
        self._closed = True
        for end in (self._client, self._upstream):
            if end is not None:
                end.abort()
        self._forget()

    def _on_connect_done(self, task: "asyncio.Task[None]") -> None:
        if task.exception() is not None:
            self.cut()
        self._forget()

    def _forget(self) -> None:
        connect_done = self._connect_task is None or self._connect_task.done()
        if self._client is None and self._upstream is None and connect_done:
            self._proxy.connections.discard(self)


class UpstreamProtocol(asyncio.Protocol):
    """The server side of a connection."""

    def __init__(self, connection: ProxiedConnection) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.on_upstream_connected(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self._connection.on_upstream_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._connection.on_upstream_lost()

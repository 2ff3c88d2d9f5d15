"""A TCP proxy that can drop data of a connection or lose the reply to a command.

Connections stay open while no data passes, as in a network failure.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from tests.until import until

ConnectUpstream = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]


class TcpProxy:
    """`reach` connects a protocol to the server."""

    def __init__(self, connect_upstream: ConnectUpstream) -> None:
        self.connect_upstream = connect_upstream
        self.connections: set[ProxiedConnection] = set()
        self.drop_reply_to: bytes | None = None
        """Close a connection that has sent this when its next reply arrives."""

        self.dropped_replies = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free loopback port and return it."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: ProxiedConnection(self), "127.0.0.1", 0
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self.connections):
            line.close()
        await until(lambda: not self.connections)

    def drop_replies(self, sent_bytes: bytes) -> int:
        """Drop replies on current connections that have sent this; return how many."""
        lines = [line for line in self.connections if sent_bytes in line.sent_bytes]
        for line in lines:
            line.drops_replies = True
        return len(lines)

    def hold_requests(self, sent_bytes: bytes) -> "ProxiedConnection":
        """Hold back data from now on, on the one current connection that has sent this."""
        (line,) = [line for line in self.connections if sent_bytes in line.sent_bytes]
        line.held = bytearray()
        return line


class ProxiedConnection(asyncio.Protocol):
    """The client's end of a connection; `deaf`: data of the server is dropped."""

    def __init__(self, proxy: TcpProxy) -> None:
        self._proxy = proxy
        self._client: asyncio.Transport | None = None
        self._upstream: asyncio.Transport | None = None
        self._connecting: asyncio.Future[object] | None = None
        self.sent_bytes = bytearray()
        self.drops_replies = False
        self.held: bytearray | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client = cast("asyncio.Transport", transport)
        self._proxy.connections.add(self)
        self._connecting = asyncio.ensure_future(self._proxy.connect_upstream(lambda: UpstreamProtocol(self)))

    def data_received(self, data: bytes) -> None:
        self.sent_bytes.extend(data)
        if self.held is not None:
            self.held.extend(data)
        elif self._upstream is not None:
            self._upstream.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._client = None
        if not self.held:
            self.close()

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

    def on_upstream_connected(self, far: asyncio.Transport) -> None:
        self._upstream = far
        far.write(bytes(self.sent_bytes))

    def on_upstream_data(self, data: bytes) -> None:
        marker = self._proxy.drop_reply_to
        if marker is not None and marker in self.sent_bytes:
            self._proxy.dropped_replies += 1
            self.close()
        elif self._client is not None and not self.drops_replies:
            self._client.write(data)

    def on_upstream_lost(self) -> None:
        self._upstream = None
        self.close()

    def close(self) -> None:
        for end in (self._client, self._upstream):
            if end is not None:
                end.abort()
        if self._client is None and self._upstream is None:
            self._proxy.connections.discard(self)


class UpstreamProtocol(asyncio.Protocol):
    """The server's end of a connection."""

    def __init__(self, line: ProxiedConnection) -> None:
        self._connection = line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.on_upstream_connected(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self._connection.on_upstream_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._connection.on_upstream_lost()

"""A proxy before a server, that may go deaf on a connection or lose the reply to a command.

Connections stay open while nothing comes through, as over a network that has gone. It never changes a byte.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from tests.until import until

Reach = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]


class Proxy:
    """`reach` connects a protocol to the server."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.lines: set[Line] = set()
        self.lose_reply_to: bytes | None = None
        """A connection that has sent this is closed when its next reply comes."""

        self.lost_replies = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free port of the loopback address and answer it."""
        self._server = await asyncio.get_running_loop().create_server(lambda: Line(self), "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self.lines):
            line.close()
        await until(lambda: not self.lines)

    def deafen(self, said: bytes) -> int:
        """Swallow replies on the present connections that have sent this; answers how many these are."""
        lines = [line for line in self.lines if said in line.said]
        for line in lines:
            line.deaf = True
        return len(lines)

    def hold(self, said: bytes) -> "Line":
        """Keep back what comes from now on on the one present connection that has sent this."""
        (line,) = [line for line in self.lines if said in line.said]
        line.held = bytearray()
        return line


class Line(asyncio.Protocol):
    """The client's end of one connection; `deaf`: what the server says is swallowed."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._near: asyncio.Transport | None = None
        self._far: asyncio.Transport | None = None
        self._reaching: asyncio.Future[object] | None = None
        self.said = bytearray()
        self.deaf = False
        self.held: bytearray | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._near = cast("asyncio.Transport", transport)
        self._proxy.lines.add(self)
        self._reaching = asyncio.ensure_future(self._proxy.reach(lambda: FarEnd(self)))

    def data_received(self, data: bytes) -> None:
        self.said.extend(data)
        if self.held is not None:
            self.held.extend(data)
        elif self._far is not None:
            self._far.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._near = None
        if not self.held:
            self.close()

    def release_first(self, size: int) -> None:
        """Let the server have the first bytes kept back."""
        if self.held is not None and self._far is not None:
            self._far.write(bytes(self.held[:size]))
            del self.held[:size]

    def release(self) -> None:
        """Let the server have all that was kept back, even when the client is gone."""
        held, self.held = self.held, None
        if held and self._far is not None:
            self._far.write(held)

    def reached(self, far: asyncio.Transport) -> None:
        self._far = far
        far.write(bytes(self.said))

    def replied(self, data: bytes) -> None:
        marker = self._proxy.lose_reply_to
        if marker is not None and marker in self.said:
            self._proxy.lost_replies += 1
            self.close()
        elif self._near is not None and not self.deaf:
            self._near.write(data)

    def far_lost(self) -> None:
        self._far = None
        self.close()

    def close(self) -> None:
        for end in (self._near, self._far):
            if end is not None:
                end.abort()
        if self._near is None and self._far is None:
            self._proxy.lines.discard(self)


class FarEnd(asyncio.Protocol):
    """The server's end."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line.reached(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self._line.replied(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._line.far_lost()

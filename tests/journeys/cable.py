"""A proxy before a server, that is slow, or breaks a connection at the very answer it was told to lose.

What a server says over a websocket is not masked, so its frames can be read on the way. It never changes
a byte, nor their order; what is left out, a sieve has left out.
"""

import asyncio
from collections.abc import Callable
from typing import Self, cast
from urllib.parse import unquote, urlsplit

from tests.journeys.patience import eventually

Strainer = Callable[[bytes], bytes]
"""Given what one server said on one connection, piece by piece; answers what of it goes on."""


class Cable:
    """`lose` is looked for in what the server says; a connection that says it is cut before it is told.

    `late_s` is how much later than it was said a client hears what the server says; `sieve` makes each
    connection its strainer.
    """

    def __init__(
        self, url: str, late_s: float = 0.0, sieve: Callable[[], Strainer] = lambda: lambda said: said
    ) -> None:
        self._far = urlsplit(url)
        self.late_s = late_s
        self.sieve = sieve
        self._server: asyncio.Server | None = None
        self.lines: set[Line] = set()
        self.lose: bytes | None = None
        self.cuts = 0
        self.open = True
        self.address = ""

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Line(self), "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_exit: object) -> None:
        assert self._server is not None
        self._server.close()
        self.shut()
        await eventually(lambda: not self.lines)

    async def reach(self, line: "Line") -> None:
        """Connect to the server, for what a client says."""
        loop = asyncio.get_running_loop()
        if self._far.scheme == "unix":
            await loop.create_unix_connection(lambda: FarEnd(line), unquote(self._far.path))
        else:
            await loop.create_connection(lambda: FarEnd(line), self._far.hostname or "", self._far.port or 0)

    def shut(self) -> None:
        """Break every connection, and let no new one through until it is `open` again."""
        self.open = False
        for line in list(self.lines):
            line.cut()

    def lost(self, said: bytes) -> bool:
        """Whether this is not to be told."""
        if self.lose is None or self.lose not in said:
            return False
        self.cuts += 1
        return True


class Line(asyncio.Protocol):
    """The client's end of one connection."""

    def __init__(self, cable: Cable) -> None:
        self._cable = cable
        self._strain = cable.sieve()
        self._near: asyncio.Transport | None = None
        self._far: asyncio.Transport | None = None
        self._reaching: asyncio.Task[None] | None = None
        self._early = b""
        self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._near = cast("asyncio.Transport", transport)
        if not self._cable.open:
            self._near.abort()
            return
        self._cable.lines.add(self)
        self._reaching = asyncio.ensure_future(self._cable.reach(self))
        self._reaching.add_done_callback(self._reached)

    def data_received(self, data: bytes) -> None:
        if self._far is None:
            self._early += data
        else:
            self._far.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._near = None
        self.cut()

    def reached(self, far: asyncio.Transport) -> None:
        self._far = far
        far.write(self._early)
        if self._over:
            far.abort()

    def told(self, said: bytes) -> None:
        data = self._strain(said)
        if self._cable.lost(said):
            self.cut()
        elif self._cable.late_s:
            asyncio.get_running_loop().call_later(self._cable.late_s, self._tell, data)
        else:
            self._tell(data)

    def _tell(self, data: bytes) -> None:
        if not self._over and self._near is not None:
            self._near.write(data)

    def far_lost(self) -> None:
        self._far = None
        self.cut()

    def cut(self) -> None:
        self._over = True
        for end in (self._near, self._far):
            if end is not None:
                end.abort()
        self._forget()

    def _reached(self, reaching: "asyncio.Task[None]") -> None:
        if reaching.exception() is not None:
            self.cut()
        self._forget()

    def _forget(self) -> None:
        reached = self._reaching is None or self._reaching.done()
        if self._near is None and self._far is None and reached:
            self._cable.lines.discard(self)


class FarEnd(asyncio.Protocol):
    """The server's end."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._line.reached(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self._line.told(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._line.far_lost()

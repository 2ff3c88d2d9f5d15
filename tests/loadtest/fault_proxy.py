"""A proxy before a server that does something wrong with one durable frame, once.

    swallow   it never comes        double   it comes twice        swap   the next one comes before it

What a server says over a websocket is not masked, so its frames can be read on the way. Everything else
goes through as it is.
"""

import asyncio
import contextlib
from typing import Literal, Self
from urllib.parse import urlsplit

from loadtest.websocket.framing import payload_bounds

FaultMode = Literal["swallow", "double", "swap"]
DURABLE = b'"type":"message.created"'
UPGRADED = b"HTTP/1.1 101"
CHUNK_BYTES = 65536


class FaultProxy:
    """`spare` is how many durable frames of a connection go through before it acts."""

    def __init__(self, url: str, mode: FaultMode, skip_frames: int = 2) -> None:
        self._upstream = urlsplit(url)
        self.mode: FaultMode = mode
        self.skip_frames = skip_frames
        self.injected = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_exit: object) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self._connections):
            line.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._connections.add(line)
        far_writer: asyncio.StreamWriter | None = None
        try:
            far_reader, far_writer = await asyncio.open_connection(
                self._upstream.hostname, self._upstream.port
            )
            async with asyncio.TaskGroup() as ways:
                ways.create_task(_forward(reader, far_writer))
                ways.create_task(self._forward_with_faults(far_reader, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(line)
            for end in (writer, far_writer):
                if end is not None:
                    end.close()

    async def _forward_with_faults(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sleight = FaultInjector(self)
        while data := await reader.read(CHUNK_BYTES):
            writer.write(sleight.feed(data))
            await writer.drain()
        writer.write_eof()


class FaultInjector:
    """What is done to one connection."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._upgraded = False
        self._buffer = b""
        self._seen = 0
        self._held_frame = b""

    def feed(self, data: bytes) -> bytes:
        self._buffer += data
        told = b""
        if not self._upgraded:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found or not head.startswith(UPGRADED):
                told, self._buffer = self._buffer, b""
                return told
            self._upgraded, self._buffer = True, rest
            told = head + found
        while self._buffer:
            begin, end = payload_bounds(self._buffer, 0)
            if not begin or end > len(self._buffer):
                break
            frame, self._buffer = self._buffer[:end], self._buffer[end:]
            told += self._handle(frame)
        return told

    def _handle(self, frame: bytes) -> bytes:
        if DURABLE not in frame:
            return frame
        if self._held_frame:
            kept, self._held_frame = self._held_frame, b""
            return frame + kept
        self._seen += 1
        if self._seen <= self._proxy.skip_frames or self._proxy.injected:
            return frame
        self._proxy.injected += 1
        match self._proxy.mode:
            case "swallow":
                return b""
            case "double":
                return frame + frame
            case "swap":
                self._held_frame = frame
                return b""


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
    writer.write_eof()

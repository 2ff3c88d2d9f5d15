"""Proxy that injects one fault into the durable frames of a server.

    drop        a frame is removed
    duplicate   a frame is repeated
    reorder     a frame swaps places with the next one

Server frames are not masked, so the proxy can parse them. Everything else is forwarded unchanged.
"""

import asyncio
import contextlib
from typing import Literal, Self
from urllib.parse import urlsplit

from loadtest.websocket.framing import payload_bounds

FaultMode = Literal["drop", "duplicate", "reorder"]
DURABLE = b'"type":"message.created"'
UPGRADED = b"HTTP/1.1 101"
CHUNK_BYTES = 65536


class FaultProxy:
    """The first `skip_frames` durable frames of each connection are forwarded."""

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
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        server_writer: asyncio.StreamWriter | None = None
        try:
            server_reader, server_writer = await asyncio.open_connection(
                self._upstream.hostname, self._upstream.port
            )
            async with asyncio.TaskGroup() as group:
                group.create_task(_forward(reader, server_writer))
                group.create_task(self._forward_with_faults(server_reader, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            for stream in (writer, server_writer):
                if stream is not None:
                    stream.close()

    async def _forward_with_faults(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        injector = FaultInjector(self)
        while data := await reader.read(CHUNK_BYTES):
            writer.write(injector.feed(data))
            await writer.drain()
        writer.write_eof()


class FaultInjector:
    """Injects the fault into the frames of one connection."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._upgraded = False
        self._buffer = b""
        self._seen = 0
        self._held_frame = b""

    def feed(self, data: bytes) -> bytes:
        self._buffer += data
        forwarded = b""
        if not self._upgraded:
            head, separator, rest = self._buffer.partition(b"\r\n\r\n")
            if not separator or not head.startswith(UPGRADED):
                forwarded, self._buffer = self._buffer, b""
                return forwarded
            self._upgraded, self._buffer = True, rest
            forwarded = head + separator
        while self._buffer:
            start, end = payload_bounds(self._buffer, 0)
            if not start or end > len(self._buffer):
                break
            frame, self._buffer = self._buffer[:end], self._buffer[end:]
            forwarded += self._handle(frame)
        return forwarded

    def _handle(self, frame: bytes) -> bytes:
        if DURABLE not in frame:
            return frame
        if self._held_frame:
            held, self._held_frame = self._held_frame, b""
            return frame + held
        self._seen += 1
        if self._seen <= self._proxy.skip_frames or self._proxy.injected:
            return frame
        self._proxy.injected += 1
        match self._proxy.mode:
            case "drop":
                return b""
            case "duplicate":
                return frame + frame
            case "reorder":
                self._held_frame = frame
                return b""


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
    writer.write_eof()

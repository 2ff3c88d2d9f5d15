"""A proxy before a server that does something wrong with one durable frame, once.

    swallow   it never comes        double   it comes twice        swap   the next one comes before it

What a server says over a websocket is not masked, so its frames can be read on the way. Everything else
goes through as it is.
"""

import asyncio
import contextlib
from typing import Literal, Self
from urllib.parse import urlsplit

from loadtest.wire.framing import frame_end

Wrong = Literal["swallow", "double", "swap"]
DURABLE = b'"type":"message.created"'
UPGRADED = b"HTTP/1.1 101"
CHUNK_BYTES = 65536


class Thief:
    """`spare` is how many durable frames of a connection go through before it acts."""

    def __init__(self, url: str, wrong: Wrong, spare: int = 2) -> None:
        self._far = urlsplit(url)
        self.wrong: Wrong = wrong
        self.spare = spare
        self.acted = 0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_exit: object) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self._lines):
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.current_task()
        assert line is not None
        self._lines.add(line)
        far_writer: asyncio.StreamWriter | None = None
        try:
            far_reader, far_writer = await asyncio.open_connection(self._far.hostname, self._far.port)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(_pass(reader, far_writer))
                ways.create_task(self._tell(far_reader, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass
        finally:
            self._lines.discard(line)
            for end in (writer, far_writer):
                if end is not None:
                    end.close()

    async def _tell(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sleight = Sleight(self)
        while data := await reader.read(CHUNK_BYTES):
            writer.write(sleight.pass_on(data))
            await writer.drain()
        writer.write_eof()


class Sleight:
    """What is done to one connection."""

    def __init__(self, thief: Thief) -> None:
        self._thief = thief
        self._upgraded = False
        self._rest = b""
        self._seen = 0
        self._kept = b""

    def pass_on(self, data: bytes) -> bytes:
        self._rest += data
        told = b""
        if not self._upgraded:
            head, found, rest = self._rest.partition(b"\r\n\r\n")
            if not found or not head.startswith(UPGRADED):
                told, self._rest = self._rest, b""
                return told
            self._upgraded, self._rest = True, rest
            told = head + found
        while self._rest:
            begin, end = frame_end(self._rest, 0)
            if not begin or end > len(self._rest):
                break
            frame, self._rest = self._rest[:end], self._rest[end:]
            told += self._handle(frame)
        return told

    def _handle(self, frame: bytes) -> bytes:
        if DURABLE not in frame:
            return frame
        if self._kept:
            kept, self._kept = self._kept, b""
            return frame + kept
        self._seen += 1
        if self._seen <= self._thief.spare or self._thief.acted:
            return frame
        self._thief.acted += 1
        match self._thief.wrong:
            case "swallow":
                return b""
            case "double":
                return frame + frame
            case "swap":
                self._kept = frame
                return b""


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
    writer.write_eof()

"""A websocket client on a raw connection that sends arbitrary bytes."""

import asyncio
import base64
import contextlib
import os
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from actors.sessions.command_registry import REGISTRATIONS
from tests.server.websocket import frames

Json = Any
WAIT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The response to an HTTP request on a raw connection."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True)
class CloseResult:
    """How a connection ended: code and reason of the server's Close frame, if any."""

    code: int | None
    reason: str
    closed: bool
    goodbye: Json | None
    messages: list[Json] = field(default_factory=list)
    pongs: list[bytes] = field(default_factory=list)


def upgrade_headers(key: str | None = None, token: str | None = None) -> dict[str, str]:
    """Return the headers of a valid opening handshake."""
    headers = {
        "Host": "convene.test",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key or base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
    }
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def http_request(path: str, headers: Mapping[str, str], method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


ERRORS_BY_TYPE = {command.frame_type: command.errors for command in REGISTRATIONS.values()}


class Peer:
    """One connection. Every wait is limited to `PATIENCE_S`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.pongs: list[bytes] = []
        self.skipped: list[Json] = []
        self.msgpack = False
        self._pending: deque[Json] = deque()
        self._numbers = iter(range(1, 1_000_000))

    # --- bytes

    def write(self, *chunks: bytes) -> None:
        self.writer.write(b"".join(chunks))

    async def trickle(self, chunks: bytes, size: int = 1) -> None:
        """Send so that the server reads `size` bytes at a time."""
        for start in range(0, len(chunks), size):
            self.writer.write(chunks[start : start + size])
            for _ in range(3):
                await asyncio.sleep(0)

    async def read_http_response(self) -> HttpResponse:
        """Read the next HTTP response."""
        async with asyncio.timeout(WAIT_TIMEOUT_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines if line)}
            body = b""
            if "content-length" in headers:
                body = await self.reader.readexactly(int(headers["content-length"]))
            return HttpResponse(int(status.split(" ")[1]), headers, body)

    async def read_frame(self) -> frames.Received:
        async with asyncio.timeout(WAIT_TIMEOUT_S):
            frame = await frames.read_frame(self.reader)
        assert not frame.masked, "a server does not mask"
        assert frame.reserved == 0, "no extension was agreed"
        return frame

    # --- the protocol

    async def open(self, token: str | None = None, **headers: str) -> None:
        """Connect to `/v1/ws` and read up to `hello`, and `ready` if a token is given."""
        await self.upgrade(token, **headers)
        assert (await self.message())["type"] == "hello"
        if token is not None:
            ready = await self.message()
            assert ready["type"] == "ready", ready

    async def open_msgpack(self, token: str | None = None) -> None:
        """Like `open`, with MessagePack."""
        self.msgpack = True
        await self.open(token, **{"Sec-WebSocket-Protocol": "convene.v1.msgpack, convene.v1.json"})

    async def upgrade(self, token: str | None = None, **headers: str) -> HttpResponse:
        self.write(http_request("/v1/ws", {**upgrade_headers(token=token), **headers}))
        answer = await self.read_http_response()
        assert answer.status == 101, answer
        return answer

    async def message(self) -> Json:
        """Return the next server message; frames may contain several."""
        while not self._pending:
            self.handle_frame(await self.read_frame())
        return self._pending.popleft()

    def handle_frame(self, received: frames.Received) -> None:
        """Store the messages of a frame."""
        if received.opcode == frames.PONG:
            self.pongs.append(received.payload)
        elif received.opcode == self._opcode:
            self._pending.extend(self._objects(received.payload))
        elif received.opcode != frames.PING:
            raise AssertionError(f"closed instead: {received}")

    async def next_of(self, *types: str) -> Json:
        """Return the next message of one of these types; others are kept for later."""
        async with asyncio.timeout(WAIT_TIMEOUT_S):
            while True:
                message = await self.message()
                if message["type"] in types:
                    return message
                self.skipped.append(message)

    @property
    def _opcode(self) -> int:
        return frames.BINARY if self.msgpack else frames.TEXT

    def _objects(self, payload: bytes) -> list[Json]:
        value = (msgspec.msgpack if self.msgpack else msgspec.json).decode(payload)
        return value if isinstance(value, list) else [value]

    def send(self, value: Json) -> None:
        """Send one frame in the encoding of the subprotocol."""
        if self.msgpack:
            self.write(frames.binary(msgspec.msgpack.encode(value)))
        else:
            self.write(frames.text(msgspec.json.encode(value)))

    async def reply_to(self, number: int | str) -> Json:
        while True:
            message = await self.next_of("ok", "error", "ready")
            if message["id"] == number:
                return message

    async def request(self, kind: str, **fields: Json) -> Json:
        """Send a command and return its reply. An error must be one that the command is registered with."""
        number = fields.pop("id", None) or f"n{next(self._numbers)}"
        self.send({"type": kind, "id": number, **fields})
        reply = await self.reply_to(number)
        if reply["type"] == "error" and kind in ERRORS_BY_TYPE:
            assert reply["code"] in ERRORS_BY_TYPE[kind], (kind, reply)
        return reply

    async def read_until_closed(self, *, reply_to_close: bool = True) -> CloseResult:
        """Read until the end of the connection; answer a Close with a Close if polite."""
        code, reason, closed, messages = None, "", False, list(self._pending)
        self._pending.clear()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                frame = await self.read_frame()
                assert not closed, "a server sends nothing behind its Close"
                if frame.opcode == frames.CLOSE:
                    code, reason, closed = frame.close_code, frame.payload[2:].decode(), True
                    if reply_to_close:
                        self.write(frames.close(code))
                elif frame.opcode == self._opcode:
                    messages += self._objects(frame.payload)
                elif frame.opcode == frames.PONG:
                    self.pongs.append(frame.payload)
        goodbye = messages.pop() if messages and messages[-1]["type"] == "goodbye" else None
        return CloseResult(code, reason, closed, goodbye, messages, list(self.pongs))

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            async with asyncio.timeout(WAIT_TIMEOUT_S):
                await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def connect_peer(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Open a connection for the duration of a `with`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, limit=2**24)
    connected = Peer(reader, writer)
    try:
        yield connected
    finally:
        await connected.close()

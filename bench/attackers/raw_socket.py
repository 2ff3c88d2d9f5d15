"""A websocket on a raw connection: no library between the attacker's bytes and the server."""

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator
from typing import Any

import msgspec

TEXT, CONTINUATION, CLOSE, PING = 1, 0, 8, 9
FINAL = 0x80
MASKED = 0x80
LENGTH_16, LENGTH_64 = 126, 127


def encode_frame(opcode: int, payload: bytes = b"", *, final: bool = True) -> bytes:
    """Return a masked frame; the mask is zero, so the payload is sent as it is."""
    first = opcode | (FINAL if final else 0)
    if len(payload) < LENGTH_16:
        head = struct.pack("!BB", first, MASKED | len(payload))
    else:
        head = struct.pack("!BBH", first, MASKED | LENGTH_16, len(payload))
    return head + bytes(4) + payload


def text_frame(value: Any) -> bytes:
    return encode_frame(TEXT, msgspec.json.encode(value))


class Rejected(Exception):  # noqa: N818 - named after the response
    """The upgrade was answered with an HTTP error; the argument is its code."""


class RawSocket:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def upgrade(self, token: str | None) -> None:
        """Send the opening handshake and read the response.

        Raises:
            Rejected: the server did not upgrade.
        """
        self._writer.write(upgrade_request(token))
        head = await self._reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise Rejected(await self._problem_code(head))

    async def _problem_code(self, head: bytes) -> str:
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                body = await self._reader.readexactly(int(line.split(b":")[1]))
                return str(msgspec.json.decode(body)["code"])
        return head.split(b" ", 2)[1].decode()

    async def send(self, data: bytes) -> None:
        """Write, and wait while the buffer is full."""
        self._writer.write(data)
        await self._writer.drain()

    async def read(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame."""
        first, second = await self._reader.readexactly(2)
        length = second & 0x7F
        if length == LENGTH_16:
            (length,) = struct.unpack("!H", await self._reader.readexactly(2))
        elif length == LENGTH_64:
            (length,) = struct.unpack("!Q", await self._reader.readexactly(8))
        return first & 0x0F, await self._reader.readexactly(length)

    async def close_code(self) -> str:
        """Read until the end; return the code of the server's Close."""
        while True:
            opcode, payload = await self.read()
            if opcode == CLOSE:
                return str(int.from_bytes(payload[:2], "big"))

    async def messages(self) -> list[Any]:
        """Return the objects of the next data frame; none for a control frame.

        Raises:
            ConnectionResetError: the server closed; the message is the code.
        """
        opcode, payload = await self.read()
        if opcode == CLOSE:
            raise ConnectionResetError(int.from_bytes(payload[:2], "big"))
        if opcode != TEXT:
            return []
        value = msgspec.json.decode(payload)
        return value if isinstance(value, list) else [value]


def upgrade_request(token: str | None = None) -> bytes:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        "GET /v1/ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{authorization}\r\n"
    ).encode()


@contextlib.asynccontextmanager
async def raw_socket(port: int) -> AsyncIterator[RawSocket]:
    """Connect from a separate address per process: limits per address apply to the attacker only."""
    # The whole of 127.0.0.0/8 is the loopback interface.
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(ATTACKER_ADDRESS, 0))
    try:
        yield RawSocket(reader, writer)
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


ATTACKER_ADDRESS = os.environ.get("CONVENE_ATTACKER_ADDRESS", "127.0.0.2")

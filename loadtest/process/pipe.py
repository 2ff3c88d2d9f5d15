"""Messages over a pipe: a length of four bytes, then MessagePack."""

import asyncio
from typing import Final, TypeVar

import msgspec

from loadtest.process.worker_protocol import FromWorker, ToWorker

Message = TypeVar("Message")
LENGTH_BYTES: Final = 4

_encoder = msgspec.msgpack.Encoder()
to_worker_decoder: "msgspec.msgpack.Decoder[ToWorker]" = msgspec.msgpack.Decoder(ToWorker)
from_worker_decoder: "msgspec.msgpack.Decoder[FromWorker]" = msgspec.msgpack.Decoder(FromWorker)


def encode_message(message: msgspec.Struct) -> bytes:
    """Encode a message with its length."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def receive(
    reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[Message]"
) -> Message | None:
    """Return the next message; None if the other end closed the pipe."""
    try:
        length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
        return decoder.decode(await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        return None

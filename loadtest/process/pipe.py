"""Letters over a pipe: a length of four bytes, then the letter as MessagePack.

It never waits for the reader of the other end longer than the pipe makes it.
"""

import asyncio
from typing import Final, TypeVar

import msgspec

from loadtest.process.worker_protocol import FromWorker, ToWorker

Letter = TypeVar("Letter")
LENGTH_BYTES: Final = 4

_encoder = msgspec.msgpack.Encoder()
to_worker_decoder: "msgspec.msgpack.Decoder[ToWorker]" = msgspec.msgpack.Decoder(ToWorker)
from_worker_decoder: "msgspec.msgpack.Decoder[FromWorker]" = msgspec.msgpack.Decoder(FromWorker)


def encode_message(message: msgspec.Struct) -> bytes:
    """A letter as it goes over the pipe."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


async def receive(reader: asyncio.StreamReader, decoder: "msgspec.msgpack.Decoder[Letter]") -> Letter | None:
    """The next letter; None where the other end is gone."""
    try:
        length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
        return decoder.decode(await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        return None

"""One frame of a user's stream and its encoding: `<epoch> <position> <frame>`.

A script inside Redis encodes frames when it appends them; subscribers of the user's topic decode them here.
"""

import msgspec


class StreamItem(msgspec.Struct, frozen=True):
    epoch: str
    position: int
    frame: bytes


EPHEMERAL_PREFIX = b"- 0 "
"""Prefix of a frame that is published on a user's topic but not stored in the stream."""


def encode_ephemeral(frame: bytes) -> bytes:
    return EPHEMERAL_PREFIX + frame


def encode_stream_item(item: StreamItem) -> bytes:
    return b"%b %d %b" % (item.epoch.encode(), item.position, item.frame)


def decode_stream_item(payload: bytes) -> StreamItem:
    """Decode a published or stored frame. Raises `ValueError` if `payload` is malformed."""
    epoch, position, frame = payload.split(b" ", 2)
    return StreamItem(epoch.decode(), int(position), frame)

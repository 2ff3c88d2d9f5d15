"""One frame of a user's stream, and the bytes as which it is kept and published.

The bytes are `<epoch> <position> <frame>`, made by a script inside the broker; whoever hears the user's
topic reads them here. It never looks into the frame.
"""

import msgspec


class StreamItem(msgspec.Struct, frozen=True):
    epoch: str
    position: int
    frame: bytes


EPHEMERAL_PREFIX = b"- 0 "
"""Before a frame that stands in no stream: heard by whoever is there, and by nobody else."""


def encode_ephemeral(frame: bytes) -> bytes:
    return EPHEMERAL_PREFIX + frame


def encode_stream_item(item: StreamItem) -> bytes:
    return b"%b %d %b" % (item.epoch.encode(), item.position, item.frame)


def decode_stream_item(payload: bytes) -> StreamItem:
    """Read what was published or kept. Raises `ValueError` for anything else."""
    epoch, position, frame = payload.split(b" ", 2)
    return StreamItem(epoch.decode(), int(position), frame)

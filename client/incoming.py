"""What comes over the socket, decoded: one frame or a batch of them.

A type that is not known here is left out, as the contract asks; the rest of its batch stays. It never
changes a frame.
"""

import msgspec

from actors.wire.frames import ServerFrame

_one: "msgspec.json.Decoder[ServerFrame]" = msgspec.json.Decoder(ServerFrame)
_whole: "msgspec.json.Decoder[ServerFrame | list[ServerFrame]]" = msgspec.json.Decoder(
    ServerFrame | list[ServerFrame]
)
_parts: "msgspec.json.Decoder[list[msgspec.Raw]]" = msgspec.json.Decoder(list[msgspec.Raw])


def decode(data: str | bytes) -> list[ServerFrame]:
    """The frames of one message, in order; none for what is no frame that we know."""
    try:
        decoded = _whole.decode(data)
    except msgspec.DecodeError:
        return _known_among(data)
    return decoded if isinstance(decoded, list) else [decoded]


def _known_among(data: str | bytes) -> list[ServerFrame]:
    try:
        parts = _parts.decode(data)
    except msgspec.DecodeError:
        return []
    frames: list[ServerFrame] = []
    for part in parts:
        try:
            frames.append(_one.decode(part))
        except msgspec.DecodeError:
            continue
    return frames

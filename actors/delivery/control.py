"""What instances tell each other. At most once: for each word there is a slower way round."""

import msgspec

CONTROL_TOPIC = "control"


class Revoked(msgspec.Struct, frozen=True, tag=1, array_like=True):
    """Those sessions have ended."""

    origin: str
    session_ids: list[str]


class Renewed(msgspec.Struct, frozen=True, tag=2, array_like=True):
    """All user streams have begun a new epoch."""

    origin: str


class Parted(msgspec.Struct, frozen=True, tag=3, array_like=True):
    """Between those two a block came or went."""

    origin: str
    one: str
    other: str


control_decoder = msgspec.msgpack.Decoder(Revoked | Renewed | Parted)
control_encoder = msgspec.msgpack.Encoder()

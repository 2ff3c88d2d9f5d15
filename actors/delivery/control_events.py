"""What instances tell each other. At most once: for each word there is a slower way round."""

import msgspec

CONTROL_TOPIC = "control"


class SessionsRevoked(msgspec.Struct, frozen=True, tag=1, array_like=True):
    """Those sessions have ended."""

    origin: str
    session_ids: list[str]


class StreamsReset(msgspec.Struct, frozen=True, tag=2, array_like=True):
    """All user streams have begun a new epoch."""

    origin: str


class BlockChanged(msgspec.Struct, frozen=True, tag=3, array_like=True):
    """Between those two a block came or went."""

    origin: str
    user_id: str
    other_id: str


control_event_decoder = msgspec.msgpack.Decoder(SessionsRevoked | StreamsReset | BlockChanged)
control_event_encoder = msgspec.msgpack.Encoder()

"""How frames are written and read: the two sub-protocols of the contract, as a client speaks them.

A type that is not known here is left out, as the contract asks; the rest of its batch stays. It never
changes a frame.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, TypeVar

import msgspec

from actors.protocol.server_frames import ServerFrame

Result = TypeVar("Result")
Data = bytes | str


class Encoding:
    """`codec` is the module of msgspec that knows it."""

    def __init__(self, sub_protocol: str, codec: ModuleType, *, binary: bool) -> None:
        self.sub_protocol = sub_protocol
        self.binary = binary
        self.encode: Callable[[msgspec.Struct], bytes] = codec.Encoder().encode
        self._codec: Any = codec
        self._frame_decoder = codec.Decoder(ServerFrame)
        self._message_decoder = codec.Decoder(ServerFrame | list[ServerFrame])
        self._batch_decoder = codec.Decoder(list[msgspec.Raw])

    def decode_frames(self, data: Data) -> list[ServerFrame]:
        """The frames of one message, in order; none for what is no frame that we know."""
        try:
            decoded = self._message_decoder.decode(data)
        except msgspec.DecodeError:
            return self._decode_known_frames(data)
        return decoded if isinstance(decoded, list) else [decoded]

    def decode_result(self, raw: msgspec.Raw, result_type: type[Result]) -> Result:
        """What an `ok` answers. Raises `msgspec.DecodeError`."""
        found: Result = self._codec.decode(raw, type=result_type)
        return found

    def _decode_known_frames(self, data: Data) -> list[ServerFrame]:
        try:
            parts = self._batch_decoder.decode(data)
        except msgspec.DecodeError:
            return []
        frames: list[ServerFrame] = []
        for part in parts:
            try:
                frames.append(self._frame_decoder.decode(part))
            except msgspec.DecodeError:
                continue
        return frames


JSON: Final = Encoding("convene.v1.json", msgspec.json, binary=False)
MSGPACK: Final = Encoding("convene.v1.msgpack", msgspec.msgpack, binary=True)

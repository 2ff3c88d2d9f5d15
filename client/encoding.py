"""Encodes commands and decodes frames in the two websocket subprotocols.

Frames of unknown type are skipped, as the protocol requires; the other frames of the batch are kept.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Final, TypeVar

import msgspec

from actors.protocol.server_frames import ServerFrame

Result = TypeVar("Result")
Data = bytes | str


class Encoding:
    """`codec` is `msgspec.json` or `msgspec.msgpack`."""

    def __init__(self, subprotocol: str, codec: ModuleType, *, binary: bool) -> None:
        self.subprotocol = subprotocol
        self.binary = binary
        self.encode: Callable[[msgspec.Struct], bytes] = codec.Encoder().encode
        self._codec: Any = codec
        self._frame_decoder = codec.Decoder(ServerFrame)
        self._message_decoder = codec.Decoder(ServerFrame | list[ServerFrame])
        self._batch_decoder = codec.Decoder(list[msgspec.Raw])

    def decode_frames(self, data: Data) -> list[ServerFrame]:
        """Return the known frames of one websocket message, in order."""
        try:
            decoded = self._message_decoder.decode(data)
        except msgspec.DecodeError:
            return self._decode_known_frames(data)
        return decoded if isinstance(decoded, list) else [decoded]

    def decode_result(self, raw: msgspec.Raw, result_type: type[Result]) -> Result:
        """Decode the result of an `ok` frame. Raises `msgspec.DecodeError`."""
        result: Result = self._codec.decode(raw, type=result_type)
        return result

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

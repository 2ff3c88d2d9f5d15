"""Bytes become events, once for all who are sent the same bytes.

    chunk that somebody had before -> its events                       (a room: nearly always)
    else: frame by frame, known payload -> its event, else decoded

All members of a room are sent the same bytes, so decoding costs once a message and not once a member. It
keeps no state of any connection.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from loadtest.websocket.frames import (
    DURABLE_TYPES,
    STREAM_TYPES,
    ControlFrame,
    DurableEvent,
    EphemeralEvent,
    ReceivedEvent,
    ReceivedFrame,
)
from loadtest.websocket.framing import CLOSE, PING, TEXT, payload_bounds

CACHED_CHUNKS_MAX: Final = 256
CACHED_PAYLOADS_MAX: Final = 4096
EPHEMERAL_TYPES: Final = frozenset(
    {"typing", "presence.changed", "conversation.read", "feed.post_created", "event.updated", "user.updated"}
)
REPLY_PREFIXES: Final = (b'{"type":"ok"', b'{"type":"err')
"""Answers are nobody else's: keeping them would only push out what is shared."""

ObserveFrame = Callable[[ReceivedFrame], int]
"""Is shown each distinct durable frame, once or rarely more; answers when its message was to be sent."""


class InvalidFrame(Exception):  # noqa: N818 - what a server did
    """The server broke RFC 6455, or sent what is no frame of the contract."""


class FrameDecoder:
    """`witness` may be shown a frame again, when the cache has forgotten it: it has to bear that."""

    __slots__ = ("_chunks", "_decoder", "_list_decoder", "_observe", "_payloads", "decoded_count")

    def __init__(self, observe: ObserveFrame) -> None:
        self._observe = observe
        self._chunks: dict[bytes, list[ReceivedEvent]] = {}
        self._payloads: dict[bytes, list[ReceivedEvent]] = {}
        self._decoder = msgspec.json.Decoder(ReceivedFrame)
        self._list_decoder = msgspec.json.Decoder(list[ReceivedFrame])
        self.decoded_count = 0

    def cached_events(self, chunk: bytes) -> list[ReceivedEvent] | None:
        """The events of a chunk that was had before, as a whole; none of them is a `Control`."""
        return self._chunks.get(chunk)

    def decode(self, data: bytes) -> tuple[list[ReceivedEvent], int]:
        """The events of all whole frames in `data`, and how many bytes they are. Raises `BadFrame`."""
        events: list[ReceivedEvent] = []
        shared = True
        at, size = 0, len(data)
        while at < size:
            begin, end = payload_bounds(data, at)
            if not begin or end > size:
                break
            first = data[at]
            if data[at + 1] & 0x80 or not first & 0x80:
                raise InvalidFrame("a masked or fragmented frame")
            payload = data[begin:end]
            opcode = first & 0x0F
            if opcode == TEXT:
                if payload[:12] in REPLY_PREFIXES:
                    shared = False
                    events.append(self._decode(payload))
                else:
                    events += self._decode_cached(payload)
            elif opcode in {PING, CLOSE}:
                shared = False
                events.append(ControlFrame(opcode, payload))
            at = end
        if shared and at == size and events:
            if len(self._chunks) >= CACHED_CHUNKS_MAX:
                self._chunks.clear()
            self._chunks[data] = events
        return events, at

    def _decode_cached(self, payload: bytes) -> list[ReceivedEvent]:
        found = self._payloads.get(payload)
        if found is None:
            found = self._decode_events(payload)
            if len(self._payloads) >= CACHED_PAYLOADS_MAX:
                self._payloads.clear()
            self._payloads[payload] = found
        return found

    def _decode_events(self, payload: bytes) -> list[ReceivedEvent]:
        if payload[:1] != b"[":
            return [self._to_event(self._decode(payload))]
        try:
            return [self._to_event(heard) for heard in self._list_decoder.decode(payload)]
        except msgspec.DecodeError as error:
            raise InvalidFrame(str(error)) from None

    def _decode(self, payload: bytes) -> ReceivedFrame:
        self.decoded_count += 1
        try:
            return self._decoder.decode(payload)
        except msgspec.DecodeError as error:
            raise InvalidFrame(str(error)) from None

    def _to_event(self, frame: ReceivedFrame) -> ReceivedEvent:
        kind = frame.type
        if kind in DURABLE_TYPES:
            return DurableEvent(frame.conversation_id, frame.seq, self._observe(frame))
        if kind in EPHEMERAL_TYPES:
            return EphemeralEvent(kind)
        if kind in STREAM_TYPES and frame.position < 0:
            raise InvalidFrame(f"{kind} without a position")
        return frame

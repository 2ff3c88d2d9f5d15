"""Decodes bytes to events, once for all connections that receive the same bytes.

    chunk seen before -> its events                                    (a room: nearly always)
    else, per frame: known payload -> its event, otherwise decoded

All members of a room are sent the same bytes, so decoding costs once per message, not once per member.
Keeps no state per connection.
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
"""Replies are for one client: caching them would only evict shared frames."""

ObserveFrame = Callable[[ReceivedFrame], int]
"""Called with each distinct durable frame, rarely twice; returns when its message was scheduled, in us."""


class InvalidFrame(Exception):  # noqa: N818 - about the server
    """The server violated RFC 6455, or sent a frame that is not in the protocol."""


class FrameDecoder:
    """`observe` may be called again with a frame that the cache has evicted."""

    __slots__ = ("_chunks", "_decoder", "_list_decoder", "_observe", "_payloads", "decoded_count")

    def __init__(self, observe: ObserveFrame) -> None:
        self._observe = observe
        self._chunks: dict[bytes, list[ReceivedEvent]] = {}
        self._payloads: dict[bytes, list[ReceivedEvent]] = {}
        self._decoder = msgspec.json.Decoder(ReceivedFrame)
        self._list_decoder = msgspec.json.Decoder(list[ReceivedFrame])
        self.decoded_count = 0

    def cached_events(self, chunk: bytes) -> list[ReceivedEvent] | None:
        """Return the events of a chunk seen before; they include no `ControlFrame`."""
        return self._chunks.get(chunk)

    def decode(self, data: bytes) -> tuple[list[ReceivedEvent], int]:
        """Return the events of all complete frames and their length in bytes. Raises `InvalidFrame`."""
        events: list[ReceivedEvent] = []
        shared = True
        offset, length = 0, len(data)
        while offset < length:
            start, end = payload_bounds(data, offset)
            if not start or end > length:
                break
            first = data[offset]
            if data[offset + 1] & 0x80 or not first & 0x80:
                raise InvalidFrame("a masked or fragmented frame")
            payload = data[start:end]
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
            offset = end
        if shared and offset == length and events:
            if len(self._chunks) >= CACHED_CHUNKS_MAX:
                self._chunks.clear()
            self._chunks[data] = events
        return events, offset

    def _decode_cached(self, payload: bytes) -> list[ReceivedEvent]:
        events = self._payloads.get(payload)
        if events is None:
            events = self._decode_events(payload)
            if len(self._payloads) >= CACHED_PAYLOADS_MAX:
                self._payloads.clear()
            self._payloads[payload] = events
        return events

    def _decode_events(self, payload: bytes) -> list[ReceivedEvent]:
        if payload[:1] != b"[":
            return [self._to_event(self._decode(payload))]
        try:
            return [self._to_event(frame) for frame in self._list_decoder.decode(payload)]
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

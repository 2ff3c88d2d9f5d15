"""Bytes become events, once for all who are sent the same bytes.

    chunk that somebody had before -> its events                       (a room: nearly always)
    else: frame by frame, known payload -> its event, else decoded

All members of a room are sent the same bytes, so decoding costs once a message and not once a member. It
keeps no state of any connection.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from loadtest.wire.framing import CLOSE, PING, TEXT, frame_end
from loadtest.wire.heard import DURABLE, STREAM, Control, Event, Heard, Hint, Told

CHUNKS_KEPT: Final = 256
PAYLOADS_KEPT: Final = 4096
HINTS: Final = frozenset(
    {"typing", "presence.changed", "conversation.read", "feed.post_created", "event.updated", "user.updated"}
)
OWN: Final = (b'{"type":"ok"', b'{"type":"err')
"""Answers are nobody else's: keeping them would only push out what is shared."""

Witness = Callable[[Heard], int]
"""Is shown each distinct durable frame, once or rarely more; answers when its message was to be sent."""


class BadFrame(Exception):  # noqa: N818 - what a server did
    """The server broke RFC 6455, or sent what is no frame of the contract."""


class Hearing:
    """`witness` may be shown a frame again, when the cache has forgotten it: it has to bear that."""

    __slots__ = ("_chunks", "_decoder", "_list_decoder", "_payloads", "_witness", "decoded")

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._chunks: dict[bytes, list[Event]] = {}
        self._payloads: dict[bytes, list[Event]] = {}
        self._decoder = msgspec.json.Decoder(Heard)
        self._list_decoder = msgspec.json.Decoder(list[Heard])
        self.decoded = 0

    def known(self, chunk: bytes) -> list[Event] | None:
        """The events of a chunk that was had before, as a whole; none of them is a `Control`."""
        return self._chunks.get(chunk)

    def take(self, data: bytes) -> tuple[list[Event], int]:
        """The events of all whole frames in `data`, and how many bytes they are. Raises `BadFrame`."""
        events: list[Event] = []
        shared = True
        at, size = 0, len(data)
        while at < size:
            begin, end = frame_end(data, at)
            if not begin or end > size:
                break
            first = data[at]
            if data[at + 1] & 0x80 or not first & 0x80:
                raise BadFrame("a masked or fragmented frame")
            payload = data[begin:end]
            opcode = first & 0x0F
            if opcode == TEXT:
                if payload[:12] in OWN:
                    shared = False
                    events.append(self._decode(payload))
                else:
                    events += self._known_payload(payload)
            elif opcode in {PING, CLOSE}:
                shared = False
                events.append(Control(opcode, payload))
            at = end
        if shared and at == size and events:
            if len(self._chunks) >= CHUNKS_KEPT:
                self._chunks.clear()
            self._chunks[data] = events
        return events, at

    def _known_payload(self, payload: bytes) -> list[Event]:
        found = self._payloads.get(payload)
        if found is None:
            found = self._events(payload)
            if len(self._payloads) >= PAYLOADS_KEPT:
                self._payloads.clear()
            self._payloads[payload] = found
        return found

    def _events(self, payload: bytes) -> list[Event]:
        if payload[:1] != b"[":
            return [self._event(self._decode(payload))]
        try:
            return [self._event(heard) for heard in self._list_decoder.decode(payload)]
        except msgspec.DecodeError as error:
            raise BadFrame(str(error)) from None

    def _decode(self, payload: bytes) -> Heard:
        self.decoded += 1
        try:
            return self._decoder.decode(payload)
        except msgspec.DecodeError as error:
            raise BadFrame(str(error)) from None

    def _event(self, heard: Heard) -> Event:
        kind = heard.type
        if kind in DURABLE:
            return Told(heard.conversation_id, heard.seq, self._witness(heard))
        if kind in HINTS:
            return Hint(kind)
        if kind in STREAM and heard.position < 0:
            raise BadFrame(f"{kind} without a position")
        return heard

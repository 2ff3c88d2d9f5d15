"""Receives the frames of one connection, with bounds on their rate and on those handled in one turn.

    data_received -> handle one turn -> defer the rest, pause reading -> InputScheduler -> handle one turn ...

Without these bounds one connection that sends minimal frames back to back keeps the event loop busy for
seconds, and every other connection of the instance waits.
"""

import logging
import time
from typing import Final, Protocol, TypeVar

from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Side
from websockets.protocol import Protocol as Parser

from actors.runtime.token_bucket import TokenBucket
from config.limits import FRAME_BYTES
from server.websocket.framing import at_frame_boundary

_parser_log = logging.getLogger("convene.websocket")
_parser_log.setLevel(logging.WARNING)

Bytes = TypeVar("Bytes", bytes, bytearray)

DATA_OPCODES: Final = frozenset((Opcode.TEXT, Opcode.BINARY))
CONTROL_BYTES: Final = 125
"""Extra room in the parser: it counts a control frame between fragments as part of their message."""

SLICE_BYTES: Final = 1024
"""Bytes passed to the parser at a time: at most 170 frames, the smallest unit of work."""

FRAMES_PER_TURN: Final = 32
SECONDS_PER_TURN: Final = 0.001
"""A connection that reaches either bound yields to the event loop."""

UNCHARGED_PONGS: Final = 4
"""Empty pongs between two pings that do not count against the rate limit. A well-behaved client sends one."""


class MessageTooBig(Exception):  # noqa: N818 - the connection is closed with 1009
    """A message exceeds `FRAME_BYTES`, with all its fragments."""


class InputHandler(Protocol):
    """What a connection does with its input."""

    @property
    def closing(self) -> bool:
        """Whether frames are no longer handled."""

    def on_message(self, message: bytes, *, text: bool) -> None:
        """Handle one whole message."""

    def on_message_too_big(self) -> None:
        """Close the connection: a message exceeds `FRAME_BYTES`."""

    def on_rate_exceeded(self) -> None:
        """Close the connection: it exceeded the rate limit of frames. The rest of the input is dropped."""

    def on_control_frames(self) -> None:
        """Send the control frames that the parser has queued."""

    def on_peer_close(self) -> None:
        """Finish after the peer's Close or protocol error."""


class FrameReceiver:
    """The receiving side of one connection: parser, fragments, rate limit, deferred input.

    Created on the first frame that needs it and dropped when idle: it takes a sixth of a connection's memory.
    """

    __slots__ = ("_fragments", "_token_bucket", "deferred", "parser", "pending_bytes", "text")

    def __init__(self, token_bucket: TokenBucket) -> None:
        self.parser = Parser(
            Side.SERVER, state=OPEN, max_size=FRAME_BYTES + CONTROL_BYTES, logger=_parser_log
        )
        self.text = True
        """Whether the last message was sent as text."""
        self.deferred = b""
        self.pending_bytes = 0
        """Bytes of the messages since the session was last idle: an upper bound of those that wait."""
        self._token_bucket = token_bucket
        self._fragments: bytearray | None = None

    def handle(self, data: bytes, handler: InputHandler) -> bool:
        """Handle one turn's worth of `data`. Returns False if the rest was deferred."""
        parser = self.parser
        frames = 0
        turn_end = 0.0
        for start in range(0, len(data), SLICE_BYTES):
            parser.receive_data(data[start : start + SLICE_BYTES])
            for event in parser.events_received():
                if isinstance(event, Frame):
                    frames += 1
                    if not self.charge():
                        handler.on_rate_exceeded()
                        return True
                    if not handler.closing:
                        self._handle_frame(event, handler)
            if parser.eof_sent:
                handler.on_peer_close()
                return True
            if parser.writes:
                handler.on_control_frames()
            rest = start + SLICE_BYTES
            if rest < len(data):
                now = time.monotonic()
                turn_end = turn_end or now + SECONDS_PER_TURN
                if frames >= FRAMES_PER_TURN or now >= turn_end:
                    self.deferred = data[rest:]
                    return False
        return True

    def _handle_frame(self, frame: Frame, handler: InputHandler) -> None:
        try:
            message = self.assemble(frame)
        except MessageTooBig:
            handler.on_message_too_big()
        else:
            if message is not None:
                handler.on_message(message, text=self.text)

    def charge(self) -> bool:
        """Charge one frame. Returns False if the rate limit is exceeded."""
        return self._token_bucket.consume() == 0

    def replace_token_bucket(self, token_bucket: TokenBucket) -> None:
        """Use another rate limit, after authentication."""
        self._token_bucket = token_bucket

    @property
    def idle(self) -> bool:
        """Whether a new receiver would behave the same: no partial or deferred input, full token bucket."""
        return (
            self._fragments is None
            and not self.deferred
            and at_frame_boundary(self.parser)
            and self._token_bucket.full
        )

    @property
    def at_frame_boundary(self) -> bool:
        return at_frame_boundary(self.parser)

    def assemble(self, frame: Frame) -> bytes | None:
        """Add a frame; return the message that it completes.

        Raises:
            MessageTooBig: the message exceeds `FRAME_BYTES`.
        """
        if frame.opcode in DATA_OPCODES:
            self.text = frame.opcode is Opcode.TEXT
            if frame.fin:
                return _bounded(bytes(frame.data))
            self._fragments = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT and self._fragments is not None:
            self._fragments += frame.data
            if frame.fin:
                message, self._fragments = bytes(self._fragments), None
                return _bounded(message)
            _bounded(self._fragments)
        return None

    def close(self) -> None:
        """Close the parser's generator, which is otherwise a reference cycle for the garbage collector."""
        self.parser.parser.close()


def _bounded(message: Bytes) -> Bytes:
    if len(message) > FRAME_BYTES:
        raise MessageTooBig
    return message

"""A table of RFC 6455 frames: the bytes a client sends, and the expected response.

Commands are `ping`, whose reply shows that the frame arrived intact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from config.limits import FRAME_BYTES
from tests.server.websocket.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close,
    continuation,
    fragments,
    frame,
    header,
    ping,
    pong,
    text,
)


def command(number: int | str, size: int | None = None) -> bytes:
    """Return a `ping` command, padded to a size with an unknown field."""
    bare = msgspec.json.encode({"type": "ping", "id": number})
    if size is None:
        return bare
    room = size - len(msgspec.json.encode({"type": "ping", "id": number, "fill": ""}))
    return msgspec.json.encode({"type": "ping", "id": number, "fill": "x" * room})


@dataclass(frozen=True)
class Case:
    """The bytes sent and the expected result.

    `answers` are the ids of `ok` frames, `pongs` the payloads of pongs. Without `codes` the connection must
    stay open; with them it must close with one of them.
    """

    name: str
    sent: Sequence[bytes]
    answers: tuple[int | str, ...] = ()
    pongs: tuple[bytes, ...] = ()
    codes: tuple[int | None, ...] = ()
    trickle: int = 0


PING_COMMAND = command(1)
EURO = "na\u00efve \u20ac \U0001f600"
EURO_COMMAND = msgspec.json.encode({"type": "ping", "id": EURO})
EMOJI_AT = EURO_COMMAND.index("\U0001f600".encode())


def invalid_utf8_command(content: bytes) -> bytes:
    return b'{"type":"ping","id":"' + content + b'"}'


FRAGMENTS = [
    Case("a whole text", [text(PING_COMMAND)], (1,)),
    Case("two fragments", fragments(PING_COMMAND, 5), (1,)),
    Case("every byte a fragment", fragments(PING_COMMAND, *range(1, len(PING_COMMAND))), (1,)),
    Case("an empty first fragment", fragments(PING_COMMAND, 0), (1,)),
    Case("an empty fragment between", fragments(PING_COMMAND, 7, 7), (1,)),
    Case("an empty last fragment", fragments(PING_COMMAND, len(PING_COMMAND)), (1,)),
    Case(
        "a thousand empty fragments",
        [text(b"", fin=False), *[continuation()] * 1000, continuation(PING_COMMAND, fin=True)],
        (1,),
    ),
    Case("an empty message", [text(b"")], codes=(4500,)),
    Case(
        "nothing but empty fragments",
        [text(b"", fin=False), continuation(), continuation(fin=True)],
        codes=(4500,),
    ),
    Case("two messages in sequence", [*fragments(PING_COMMAND, 3), *fragments(command(2), 9)], (1, 2)),
    Case(
        "a ping between fragments",
        [text(PING_COMMAND[:5], fin=False), ping(b"p"), continuation(PING_COMMAND[5:], fin=True)],
        (1,),
        (b"p",),
    ),
    Case(
        "a pong between fragments",
        [text(PING_COMMAND[:5], fin=False), pong(b"p"), continuation(PING_COMMAND[5:], fin=True)],
        (1,),
    ),
    Case(
        "pings between all fragments",
        [
            text(PING_COMMAND[:5], fin=False),
            ping(b"1"),
            continuation(PING_COMMAND[5:9]),
            ping(b"2"),
            continuation(PING_COMMAND[9:], fin=True),
        ],
        (1,),
        (b"1", b"2"),
    ),
    Case("a close between fragments", [text(PING_COMMAND[:5], fin=False), close(1000)], codes=(1000, 1002)),
    Case("a continuation of nothing", [continuation(PING_COMMAND)], codes=(1002,)),
    Case("a last continuation of nothing", [continuation(PING_COMMAND, fin=True)], codes=(1002,)),
    Case("a text inside a message", [text(PING_COMMAND[:5], fin=False), text(PING_COMMAND)], codes=(1002,)),
    Case(
        "a binary inside a text message",
        [text(PING_COMMAND[:5], fin=False), frame(BINARY, PING_COMMAND)],
        codes=(1002,),
    ),
    Case(
        "a continuation behind the last one",
        [*fragments(PING_COMMAND, 5), continuation(b"", fin=True)],
        (1,),
        codes=(1002,),
    ),
]

RESERVED = [
    *(
        Case(f"reserved bits {bits:03b} on a text", [frame(TEXT, PING_COMMAND, reserved=bits)], codes=(1002,))
        for bits in range(1, 8)
    ),
    Case(
        "a reserved bit on a continuation",
        [text(PING_COMMAND[:5], fin=False), frame(CONTINUATION, PING_COMMAND[5:], reserved=4)],
        codes=(1002,),
    ),
    Case("a reserved bit on a ping", [frame(PING, b"p", reserved=4)], codes=(1002,)),
    Case("a reserved bit on a pong", [frame(PONG, b"p", reserved=2)], codes=(1002,)),
    Case("a reserved bit on a close", [frame(CLOSE, b"\x03\xe8", reserved=1)], codes=(1002,)),
    *(
        Case(f"the reserved opcode {opcode:#x}", [frame(opcode, PING_COMMAND)], codes=(1002,))
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    ),
    Case("a reserved opcode after a command", [text(PING_COMMAND), frame(3)], (1,), codes=(1002,)),
    Case(
        "a reserved opcode between fragments", [text(PING_COMMAND[:5], fin=False), frame(11)], codes=(1002,)
    ),
]

MASKS = [
    Case("an unmasked text", [frame(TEXT, PING_COMMAND, mask=None)], codes=(1002,)),
    Case("an unmasked binary", [frame(BINARY, PING_COMMAND, mask=None)], codes=(1002,)),
    Case("an unmasked empty text", [frame(TEXT, b"", mask=None)], codes=(1002,)),
    Case("an unmasked ping", [frame(PING, b"p", mask=None)], codes=(1002,)),
    Case("an unmasked pong", [frame(PONG, b"", mask=None)], codes=(1002,)),
    Case("an unmasked close", [frame(CLOSE, b"\x03\xe8", mask=None)], codes=(1002,)),
    Case(
        "an unmasked continuation",
        [text(PING_COMMAND[:5], fin=False), frame(CONTINUATION, PING_COMMAND[5:], mask=None)],
        codes=(1002,),
    ),
    Case("a mask of zeros", [frame(TEXT, PING_COMMAND, mask=bytes(4))], (1,)),
    Case(
        "another mask for each frame",
        [frame(TEXT, command(number), mask=bytes([number, 255 - number, 7, 0])) for number in range(1, 9)],
        tuple(range(1, 9)),
    ),
]

CONTROL = [
    Case("an empty ping", [ping()], pongs=(b"",)),
    Case("a ping's payload", [ping(b"\x00\xff\xfe binary \x80")], pongs=(b"\x00\xff\xfe binary \x80",)),
    Case("the longest ping", [ping(b"x" * 125)], pongs=(b"x" * 125,)),
    Case("pings in order", [ping(b"a"), ping(b"b"), ping(b"c")], pongs=(b"a", b"b", b"c")),
    Case("a ping beside commands", [text(PING_COMMAND), ping(b"p"), text(command(2))], (1, 2), (b"p",)),
    Case("an unasked pong", [pong(), pong(b"x" * 125)]),
    Case("a ping of 126 bytes", [ping(b"x" * 126)], codes=(1002,)),
    Case("a pong of 126 bytes", [pong(b"x" * 126)], codes=(1002,)),
    Case("a close of 126 bytes", [close(1000, b"x" * 124)], codes=(1002,)),
    Case("a ping of 2^40 bytes", [header(PING, 2**40)], codes=(1002, 1009)),
    Case("a fragment of a ping", [frame(PING, b"p", fin=False)], codes=(1002,)),
    Case("a fragment of a pong", [frame(PONG, b"", fin=False)], codes=(1002,)),
    Case("a fragment of a close", [frame(CLOSE, b"\x03\xe8", fin=False)], codes=(1002,)),
]

LENGTHS = [
    *(
        Case(f"{size} bytes", [text(command(1, size))], (1,))
        for size in (124, 125, 126, 127, 128, 65534, 65535)
    ),
    Case("the length of 64 bits with its highest bit", [header(TEXT, 2**63 + 5)], codes=(1002, 1009)),
    Case("a frame of 2^62 bytes", [header(TEXT, 2**62)], codes=(1009,)),
    Case("a frame of exactly the limit", [text(command(1, FRAME_BYTES))], (1,)),
    Case("a frame one over the limit", [text(command(1, FRAME_BYTES + 1))], codes=(1009,)),
    Case("only the head of a frame over the limit", [header(TEXT, 2 * FRAME_BYTES)], codes=(1009,)),
    Case("a binary over the limit", [header(BINARY, 2 * FRAME_BYTES)], codes=(1009,)),
    Case("fragments of exactly the limit", fragments(command(1, FRAME_BYTES), 30_000, 60_000), (1,)),
    Case(
        "fragments one over the limit", fragments(command(1, FRAME_BYTES + 1), 30_000, 60_000), codes=(1009,)
    ),
    Case(
        "fragments over the limit without an end",
        [text(b" " * 40_000, fin=False), continuation(b" " * 25_536), continuation(b" ")],
        codes=(1009,),
    ),
    Case(
        "a ping before the last byte of a message of full size",
        [text(command(1, FRAME_BYTES)[:-1], fin=False), ping(b"p" * 125), continuation(b"}", fin=True)],
        (1,),
        (b"p" * 125,),
    ),
    Case("a binary one over the limit", [frame(BINARY, b" " * (FRAME_BYTES + 1))], codes=(1009,)),
    Case(
        "a message of full size behind another", [text(command(n, FRAME_BYTES)) for n in (1, 2, 3)], (1, 2, 3)
    ),
]

DELIVERY = [
    Case("byte by byte", [text(PING_COMMAND)], (1,), trickle=1),
    Case("fragments byte by byte", [*fragments(PING_COMMAND, 4), ping(b"p")], (1,), (b"p",), trickle=1),
    Case("a longer frame byte by byte", [text(command(1, 200))], (1,), trickle=1),
    Case("a frame of 16-bit length, three bytes at a time", [text(command(1, 3000))], (1,), trickle=3),
    Case("a frame of 64-bit length in pieces", [text(command(1, FRAME_BYTES))], (1,), trickle=1000),
    Case("a close byte by byte", [close(1000, b"done")], codes=(1000,), trickle=1),
    Case("many frames in one segment", [text(command(n)) for n in range(1, 51)], tuple(range(1, 51))),
    Case(
        "many frames, seven bytes at a time",
        [text(command(n)) for n in range(1, 21)],
        tuple(range(1, 21)),
        trickle=7,
    ),
]

ENCODING = [
    Case("multi-byte characters", [text(EURO_COMMAND)], (EURO,)),
    *(
        Case(f"a character split {cut} bytes in", fragments(EURO_COMMAND, EMOJI_AT + cut), (EURO,))
        for cut in (1, 2, 3)
    ),
    Case(
        "every byte of the characters a fragment",
        fragments(EURO_COMMAND, *range(1, len(EURO_COMMAND))),
        (EURO,),
    ),
    Case("characters byte by byte on the wire", [text(EURO_COMMAND)], (EURO,), trickle=1),
    Case("a byte that is never UTF-8", [text(invalid_utf8_command(b"\xff"))], codes=(1007,)),
    Case("a lone continuation byte", [text(invalid_utf8_command(b"\x80"))], codes=(1007,)),
    Case("an overlong form", [text(invalid_utf8_command(b"\xc0\x80"))], codes=(1007,)),
    Case("a surrogate in UTF-8", [text(invalid_utf8_command(b"\xed\xa0\x80"))], codes=(1007,)),
    Case("a code point past the last", [text(invalid_utf8_command(b"\xf4\x90\x80\x80"))], codes=(1007,)),
    Case("a character cut off by the end", [text(b'"\xe2\x82')], codes=(1007,)),
    Case("bad bytes outside of JSON", [text(b"\xfe\xff")], codes=(1007,)),
    Case(
        "bad UTF-8 split over fragments", fragments(invalid_utf8_command(b"\xe2\x28\xa1"), 22), codes=(1007,)
    ),
    Case(
        "bad UTF-8 in the last fragment", fragments(invalid_utf8_command(b"\xf0\x9f\x98"), 24), codes=(1007,)
    ),
    Case("bad UTF-8 in an unknown field", [text(b'{"type":"ping","id":1,"x":"\xff"}')], codes=(1007,)),
]

CLOSES = [
    *(
        Case(f"the close code {code}", [close(code, "au revoir \u20ac".encode())], codes=(code,))
        for code in (
            1000,
            1001,
            1002,
            1003,
            1007,
            1008,
            1009,
            1010,
            1011,
            1012,
            1013,
            1014,
            3000,
            3999,
            4000,
            4999,
        )
    ),
    Case("a close without a code", [close()], codes=(None, 1000)),
    Case("a close with the longest reason", [close(1000, b"x" * 123)], codes=(1000,)),
    *(
        Case(f"the wrong close code {code}", [close(code)], codes=(1002,))
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    ),
    Case("a close of one byte", [frame(CLOSE, b"\x03")], codes=(1002,)),
    Case("a close with a reason that is not UTF-8", [close(1000, b"\xce\xba\xe1\xbd")], codes=(1002, 1007)),
    Case("a command after a close", [close(1000), text(PING_COMMAND)], codes=(1000,)),
    Case("a ping after a close", [close(1000), ping(b"p")], codes=(1000,)),
    Case("a second close", [close(1001), close(1000)], codes=(1001,)),
    Case("nonsense after a close", [close(1000), b"\xff" * 300], codes=(1000,)),
    Case("a command before a close", [text(PING_COMMAND), close(1000)], (1,), codes=(1000,)),
    Case("nonsense after a protocol error", [frame(3), b"\xff" * 300_000], codes=(1002,)),
]

BINARIES = [
    Case("a binary", [frame(BINARY, PING_COMMAND)], codes=(4500,)),
    Case("an empty binary", [frame(BINARY)], codes=(4500,)),
    Case("a binary in fragments", fragments(PING_COMMAND, 4, opcode=BINARY), codes=(4500,)),
    Case("a binary that is not UTF-8", [frame(BINARY, b"\xff\xfe")], codes=(4500,)),
]

CASES = [*FRAGMENTS, *RESERVED, *MASKS, *CONTROL, *LENGTHS, *DELIVERY, *ENCODING, *CLOSES, *BINARIES]

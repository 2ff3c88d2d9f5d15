"""Floods of small frames, on sockets with and without a token."""

import asyncio
from collections.abc import Awaitable, Callable

from bench.attackers.attack import Attack
from bench.attackers.raw_socket import (
    CONTINUATION,
    PING,
    TEXT,
    Rejected,
    encode_frame,
    raw_socket,
    text_frame,
)

SOCKETS = 4
FRAMES_PER_WRITE = 5000

AttackFunction = Callable[[Attack], Awaitable[None]]


def _flood(frame: bytes, first: bytes = b"", *, authenticated: bool) -> AttackFunction:
    async def run(attack: Attack) -> None:
        async def step(number: int) -> None:
            async with raw_socket(attack.target.port) as socket:
                try:
                    await socket.upgrade(attack.account(number).token if authenticated else None)
                except Rejected as rejected:
                    attack.answers[str(rejected)] += 1
                    await asyncio.sleep(0.01)
                    return
                closed = asyncio.create_task(socket.close_code())
                try:
                    await socket.send(first)
                    while attack.running and not closed.done():
                        await socket.send(frame * FRAMES_PER_WRITE)
                        attack.sent += FRAMES_PER_WRITE
                        await asyncio.sleep(0)
                except ConnectionError:
                    # The Close may still be unread.
                    await asyncio.wait([closed], timeout=1)
                if closed.done():
                    attack.answers[await closed] += 1
                else:
                    closed.cancel()

        await attack.repeat(SOCKETS, step)

    return run


ID_ONLY = encode_frame(TEXT, b'{"id":1}')
ATTACKS: dict[str, AttackFunction] = {
    "frames with only an id, no token": _flood(ID_ONLY, authenticated=False),
    "frames with only an id": _flood(ID_ONLY, authenticated=True),
    "ping commands": _flood(text_frame({"type": "ping", "id": 1}), authenticated=True),
    "pings of RFC 6455": _flood(encode_frame(PING), authenticated=True),
    "empty continuation frames": _flood(
        encode_frame(CONTINUATION, final=False), encode_frame(TEXT, final=False), authenticated=True
    ),
    "unknown types": _flood(text_frame({"type": "nothing.known", "id": 1}), authenticated=True),
}

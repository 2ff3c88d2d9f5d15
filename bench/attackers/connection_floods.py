"""Many connections: silent ones, half requests, and sockets that do not authenticate."""

import asyncio
from collections.abc import Awaitable, Callable

from bench.attackers.attack import Attack
from bench.attackers.raw_socket import ATTACKER_ADDRESS, Rejected, raw_socket, upgrade_request

SILENT_CONNECTIONS = 500
"""Of each kind."""
UNAUTHENTICATED_CONNECTIONS = 1000
PREFIXES = (
    b"",
    b"GET /heal",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    upgrade_request()[:-2],
)

AttackFunction = Callable[[Attack], Awaitable[None]]


async def slow_connections(attack: Attack) -> None:
    """Send nothing, half a request line, half the headers, half a handshake; wait to be closed."""

    async def step(number: int) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", attack.target.port, local_addr=(ATTACKER_ADDRESS, 0)
        )
        try:
            attack.sent += 1
            writer.write(PREFIXES[number % len(PREFIXES)])
            status = await reader.read(64)
            attack.answers[status.split(b" ")[1].decode() if status else "closed"] += 1
        finally:
            writer.transport.abort()

    await attack.repeat(SILENT_CONNECTIONS * len(PREFIXES), step)


async def unauthenticated_sockets(attack: Attack) -> None:
    """Hold as many sockets without a token as the server accepts from one address."""

    async def step(_number: int) -> None:
        async with raw_socket(attack.target.port) as socket:
            attack.sent += 1
            try:
                await socket.upgrade(None)
            except Rejected as rejected:
                attack.answers[str(rejected)] += 1
                await asyncio.sleep(0.5)
            else:
                attack.answers[await socket.close_code()] += 1

    await attack.repeat(UNAUTHENTICATED_CONNECTIONS, step)


ATTACKS: dict[str, AttackFunction] = {
    "slow connections": slow_connections,
    "unauthenticated sockets": unauthenticated_sockets,
}

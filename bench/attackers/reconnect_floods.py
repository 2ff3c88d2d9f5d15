"""Sockets that authenticate, use up their budget or resume, and reconnect at once."""

import asyncio
from collections.abc import Awaitable, Callable

from bench.attackers.attack import Attack
from bench.attackers.raw_socket import RawSocket, Rejected, raw_socket, text_frame

RECONNECTING = 4
"""Accounts that send; each reconnects after `MESSAGES_PER_SOCKET` messages."""
MESSAGES_PER_SOCKET = 100
RESUMING = 20
RESUMED_CONVERSATIONS = 1500

AttackFunction = Callable[[Attack], Awaitable[None]]


async def _open(attack: Attack, socket: RawSocket, token: str) -> bool:
    try:
        await socket.upgrade(token)
    except Rejected as rejected:
        attack.answers[str(rejected)] += 1
        await asyncio.sleep(0.05)
        return False
    return True


async def _read_answers(attack: Attack, socket: RawSocket, last: set[str], count: int) -> None:
    """Count the answers to `count` commands, up to the close."""
    while count:
        try:
            messages = await socket.messages()
        except ConnectionResetError as closed:
            attack.answers[str(closed)] += 1
            return
        for message in messages:
            if message["type"] in last:
                attack.answers[message.get("code", "served")] += 1
                count -= 1


async def messages(attack: Attack) -> None:
    """Send a burst to one group, reconnect, and send the next."""
    numbers = iter(range(10**9))

    async def step(number: int) -> None:
        async with raw_socket(attack.target.port) as socket:
            if not await _open(attack, socket, attack.account(number).token):
                return
            burst = [
                text_frame(
                    {
                        "type": "message.send",
                        "id": each,
                        "conversation_id": attack.target.group,
                        "client_id": f"flood {next(numbers)}",
                        "content": "x",
                    }
                )
                for each in range(MESSAGES_PER_SOCKET)
            ]
            attack.sent += len(burst)
            await socket.send(b"".join(burst))
            await _read_answers(attack, socket, {"ok", "error"}, len(burst))

    await attack.repeat(RECONNECTING, step)


async def resumes(attack: Attack) -> None:
    """Resume with as many conversations as a frame may list, none of which the user is in."""

    async def step(number: int) -> None:
        account = attack.account(number)
        async with raw_socket(attack.target.port) as socket:
            if not await _open(attack, socket, account.token):
                return
            resume = {
                "session_id": "x",
                "epoch": "x",
                "position": 0,
                "conversations": {attack.unknown_id(): 0 for _ in range(RESUMED_CONVERSATIONS)},
            }
            attack.sent += 1
            await socket.send(
                text_frame({"type": "authenticate", "id": 1, "token": account.token, "resume": resume})
            )
            await _read_answers(attack, socket, {"resync", "resumed", "error"}, 1)

    await attack.repeat(RESUMING, step)


ATTACKS: dict[str, AttackFunction] = {
    "messages with reconnects": messages,
    "resumes of 1,500 conversations": resumes,
}

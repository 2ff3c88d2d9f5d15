"""HTTP requests that are cheap to send: compressed bodies, dear queries, large groups, notifications."""

import gzip
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import aiohttp

from bench.attackers.attack import Attack
from bench.attackers.raw_socket import ATTACKER_ADDRESS

CONCURRENCY = 20
GROUP_CONCURRENCY = 40
GROUP_MEMBERS = 4990
PRESENCES = 200
COMPRESSED = gzip.compress(bytes(60_000_000))

AttackFunction = Callable[[Attack], Awaitable[None]]
Request = Callable[[Attack, int], tuple[str, str, Any]]
"""Returns method, path and JSON body of a request."""


def _flood(request: Request, concurrency: int = CONCURRENCY) -> AttackFunction:
    async def run(attack: Attack) -> None:
        async with client_session(attack) as session:
            numbers = iter(range(10**9))

            async def step(_task: int) -> None:
                number = next(numbers)
                method, path, body = request(attack, number)
                headers = {"Authorization": f"Bearer {attack.account(number).token}"}
                attack.sent += 1
                async with session.request(method, path, json=body, headers=headers) as response:
                    await count_answer(attack, response)

            await attack.repeat(concurrency, step)

    return run


def client_session(attack: Attack) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0, local_addr=(ATTACKER_ADDRESS, 0))
    return aiohttp.ClientSession(f"http://127.0.0.1:{attack.target.port}", connector=connector)


async def count_answer(attack: Attack, response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        await response.read()
        attack.answers["served"] += 1
    else:
        attack.answers[str((await response.json(content_type=None))["code"])] += 1


async def compressed_bodies(attack: Attack) -> None:
    """Send 60 MB as 58 KB, to a path that exists, to one that does not, and to the health check."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    targets = (("POST", "/v1/users"), ("POST", "/nowhere"), ("GET", "/healthz"))
    async with client_session(attack) as session:

        async def step(number: int) -> None:
            method, path = targets[number % len(targets)]
            attack.sent += 1
            async with session.request(method, path, data=COMPRESSED, headers=headers) as response:
                await count_answer(attack, response)

        await attack.repeat(CONCURRENCY, step)


def presence(attack: Attack, _number: int) -> tuple[str, str, Any]:
    ids = ",".join(str(UUID(attack.unknown_id(32))) for _ in range(PRESENCES))
    return "GET", f"/v1/presence?user_ids={ids}", None


def event_search(_attack: Attack, _number: int) -> tuple[str, str, Any]:
    words = " or ".join(f"w{number}" for number in range(30))
    return "GET", f"/v1/events?q={words}", None


def user_search(_attack: Attack, _number: int) -> tuple[str, str, Any]:
    return "GET", "/v1/users?q=l", None


def conversation_list(_attack: Attack, _number: int) -> tuple[str, str, Any]:
    return "GET", "/v1/conversations?limit=1", None


def large_group(attack: Attack, _number: int) -> tuple[str, str, Any]:
    ids = [str(UUID(attack.unknown_id(32))) for _ in range(GROUP_MEMBERS)]
    return "POST", "/v1/conversations", {"type": "GROUP", "name": "x", "participants": ids}


def comment(attack: Attack, number: int) -> tuple[str, str, Any]:
    return "POST", f"/v1/posts/{attack.target.post}/comments", {"content": f"comment {number}"}


async def posts_to_followers(attack: Attack) -> None:
    """Publish as fast as the server lets one author with many followers."""
    headers = {"Authorization": f"Bearer {attack.target.followed.token}"}
    async with client_session(attack) as session:

        async def step(_number: int) -> None:
            attack.sent += 1
            async with session.post("/v1/posts", json={"content": "x"}, headers=headers) as response:
                await count_answer(attack, response)

        await attack.repeat(CONCURRENCY, step)


ATTACKS: dict[str, AttackFunction] = {
    "compressed bodies": compressed_bodies,
    "presence of 200 unrelated users": _flood(presence),
    "event search with 30 terms": _flood(event_search),
    "user search with one letter": _flood(user_search),
    "conversation lists": _flood(conversation_list),
    "groups of 4,990 unknown ids": _flood(large_group, GROUP_CONCURRENCY),
    "comments on one post": _flood(comment),
    "posts to many followers": posts_to_followers,
}

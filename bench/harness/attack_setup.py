"""Creates what the attackers of `bench.hostile` use: a group, a post, followers, and many conversations."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

import aiohttp

from bench.attackers.attack import Account, Target
from bench.harness.bench_users import RETRY_STATUSES, BenchUser, SetupRejected

CONCURRENCY = 8
GROUPS_OF_ONE = 90
RETRIES_MAX = 60


def create_target(
    url: str, port: int, member: BenchUser, attackers: Sequence[BenchUser], followers: Sequence[BenchUser]
) -> Target:
    """Create everything over HTTP. The member writes the post; the first attacker has the followers."""
    accounts = [Account(user.id, user.token) for user in attackers]

    async def create() -> Target:
        limit = asyncio.Semaphore(CONCURRENCY)
        async with aiohttp.ClientSession(url) as session:

            async def request(user: BenchUser, method: str, path: str, body: Any = None) -> Any:
                async with limit:
                    return await _request(session, user, method, path, body)

            group = {
                "type": "GROUP",
                "name": "attackers",
                "participants": [user.id for user in attackers[1:]],
            }
            made = await request(attackers[0], "POST", "/v1/conversations", group)
            post = await request(member, "POST", "/v1/posts", {"content": "a post"})
            await asyncio.gather(
                *(request(user, "PUT", f"/v1/users/{attackers[0].id}/follow") for user in followers),
                *(
                    request(attackers[1], "POST", "/v1/conversations", {**group, "participants": []})
                    for _ in range(GROUPS_OF_ONE)
                ),
            )
        return Target(port, accounts, made["id"], post["id"], accounts[0])

    return asyncio.run(create())


async def _request(session: aiohttp.ClientSession, user: BenchUser, method: str, path: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {user.token}"}
    if method == "POST":
        headers["Idempotency-Key"] = secrets.token_hex(16)
    for _ in range(RETRIES_MAX):
        async with session.request(method, path, json=body, headers=headers) as response:
            if response.ok:
                return await response.json() if response.status != 204 else None
            if response.status not in RETRY_STATUSES:
                raise SetupRejected(f"{method} {path}: {response.status} {await response.text()}")
            await asyncio.sleep(float(response.headers.get("Retry-After", "1")))
    raise SetupRejected(f"{method} {path}: rejected {RETRIES_MAX} times")

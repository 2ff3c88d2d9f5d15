"""Users registered over HTTP, shared by the tests of a run.

Hashing a password takes tens of milliseconds, so tests that do not need new users share them.
"""

import asyncio
import itertools
import secrets
from dataclasses import dataclass

import aiohttp

from server.instance import Instance

PASSWORD = "a good password"


@dataclass(frozen=True, slots=True)
class RegisteredUser:
    id: str
    username: str
    token: str


class RegisteredUsers:
    def __init__(self) -> None:
        self._run_id = secrets.token_hex(3)
        self._numbers = itertools.count(1)
        self._shared: list[RegisteredUser] = []

    async def shared(self, count: int, instance: Instance) -> list[RegisteredUser]:
        """Return users that other tests may have used; they may be in conversations already."""
        missing = count - len(self._shared)
        if missing > 0:
            self._shared.extend(await self.register(missing, instance))
        return self._shared[:count]

    async def register(self, count: int, instance: Instance) -> list[RegisteredUser]:
        """Return new users."""
        async with aiohttp.ClientSession() as session:
            return list(await asyncio.gather(*(self._register_one(session, instance) for _ in range(count))))

    async def _register_one(self, session: aiohttp.ClientSession, instance: Instance) -> RegisteredUser:
        username = f"p{self._run_id}_{next(self._numbers)}"
        body = {"email": f"{username}@example.test", "username": username, "password": PASSWORD}
        async with session.post(f"http://127.0.0.1:{instance.port}/v1/users", json=body) as answer:
            assert answer.status == 201, await answer.text()
            made = await answer.json()
        return RegisteredUser(made["user"]["id"], username, made["token"])

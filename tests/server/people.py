"""The people of the tests: registered over HTTP once, and known to every server on the same stores.

A password costs the server some tens of milliseconds, so whoever need not be new is shared by all tests of a
run. Never hands out the same person twice for one asking.
"""

import asyncio
import itertools
import secrets
from dataclasses import dataclass

import aiohttp

from run import Instance

PASSWORD = "a good password"


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    username: str
    token: str


class People:
    def __init__(self) -> None:
        self._run = secrets.token_hex(3)
        self._numbers = itertools.count(1)
        self._known: list[Person] = []

    async def some(self, count: int, instance: Instance) -> list[Person]:
        """Anybody; other tests know them too, and they may be in conversations already."""
        missing = count - len(self._known)
        if missing > 0:
            self._known.extend(await self.new(missing, instance))
        return self._known[:count]

    async def new(self, count: int, instance: Instance) -> list[Person]:
        """People whom nobody has met."""
        async with aiohttp.ClientSession() as session:
            return list(await asyncio.gather(*(self._register(session, instance) for _ in range(count))))

    async def _register(self, session: aiohttp.ClientSession, instance: Instance) -> Person:
        username = f"p{self._run}_{next(self._numbers)}"
        body = {"email": f"{username}@example.test", "username": username, "password": PASSWORD}
        async with session.post(f"http://127.0.0.1:{instance.port}/v1/users", json=body) as answer:
            assert answer.status == 201, await answer.text()
            made = await answer.json()
        return Person(made["user"]["id"], username, made["token"])

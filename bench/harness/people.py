"""The people of a bench and their conversations on a real server, made over HTTP by the public contract.

Every password is hashed by the server at full cost, so a thousand people take about a minute. They exist
before the measuring begins; no request is made while a slice runs.
"""

import asyncio
import secrets
import time
from collections.abc import Coroutine, Sequence
from typing import TypeVar

import aiohttp
import msgspec

from bench.harness.members import Member

AT_ONCE = 8
PATIENCE_S = 600.0
BUSY = frozenset((429, 503))
T = TypeVar("T")


class Refused(Exception):  # noqa: N818 - what the server answered
    """The server would not make what the bench needs."""


class UserMade(msgspec.Struct, frozen=True):
    id: str


class Registered(msgspec.Struct, frozen=True):
    user: UserMade
    token: str


class ConversationMade(msgspec.Struct, frozen=True):
    id: str


class Person(msgspec.Struct, frozen=True):
    """A registered user with a valid token."""

    id: str
    token: str


class Registration(msgspec.Struct, frozen=True):
    email: str
    username: str
    password: str


class NewConversation(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    participants: list[str]
    name: str | None = None


class People:
    """Registers people and puts them into conversations, some requests at a time."""

    def __init__(self, url: str, port: int) -> None:
        self._url = url
        self._port = port
        self._prefix = f"b{secrets.token_hex(4)}"
        self._made = 0

    def prepare(self, count: int) -> list[Person]:
        """Register `count` new people."""
        numbers = range(self._made, self._made + count)
        self._made += count

        async def register(session: aiohttp.ClientSession, number: int) -> Person:
            name = f"{self._prefix}_{number}"
            wanted = Registration(f"{name}@bench.example", name, secrets.token_urlsafe(12))
            made = msgspec.json.decode(
                await self._post(session, "/v1/users", msgspec.json.encode(wanted), None), type=Registered
            )
            return Person(made.user.id, made.token)

        async def all_of_them() -> list[Person]:
            async with aiohttp.ClientSession() as session:
                return await _some_at_a_time([register(session, number) for number in numbers])

        return asyncio.run(all_of_them())

    def rooms(self, people: Sequence[Person], size: int) -> list[Member]:
        """Everybody into GROUP conversations of `size`."""
        return self._gather(people, size, "GROUP")

    def pairs(self, people: Sequence[Person]) -> list[Member]:
        """Everybody into one DIRECT conversation."""
        return self._gather(people, 2, "DIRECT")

    def _gather(self, people: Sequence[Person], size: int, kind: str) -> list[Member]:
        groups = [people[start : start + size] for start in range(0, len(people), size)]

        async def open_one(session: aiohttp.ClientSession, group: Sequence[Person]) -> list[Member]:
            wanted = NewConversation(
                kind, [person.id for person in group[1:]], "bench" if kind == "GROUP" else None
            )
            body = await self._post(session, "/v1/conversations", msgspec.json.encode(wanted), group[0].token)
            made = msgspec.json.decode(body, type=ConversationMade)
            return [Member(made.id, self._port, person.token) for person in group]

        async def all_of_them() -> list[Member]:
            async with aiohttp.ClientSession() as session:
                opened = await _some_at_a_time([open_one(session, group) for group in groups])
                return [member for members in opened for member in members]

        return asyncio.run(all_of_them())

    async def _post(self, session: aiohttp.ClientSession, path: str, body: bytes, token: str | None) -> bytes:
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        deadline = time.monotonic() + PATIENCE_S
        while True:
            async with session.post(self._url + path, data=body, headers=headers) as answer:
                told = await answer.read()
                if answer.ok:
                    return told
                if answer.status not in BUSY or time.monotonic() > deadline:
                    raise Refused(f"POST {path}: {answer.status} {told[:500].decode(errors='replace')}")
                await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))


async def _some_at_a_time(works: Sequence[Coroutine[None, None, T]]) -> list[T]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(work: Coroutine[None, None, T]) -> T:
        async with gate:
            return await work

    return await asyncio.gather(*(one(work) for work in works))

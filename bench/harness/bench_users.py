"""Registers users and creates their conversations through the public HTTP API.

The server hashes every password at full cost, so a thousand users take about a minute. All requests are made
before the measurement starts.
"""

import asyncio
import secrets
import time
from collections.abc import Coroutine, Sequence
from typing import TypeVar

import aiohttp
import msgspec

from bench.harness.members import Member

CONCURRENCY = 8
RETRY_FOR_S = 600.0
RETRY_STATUSES = frozenset((429, 503))
T = TypeVar("T")


class SetupRejected(Exception):  # noqa: N818 - named after the response
    """The server rejected a setup request."""


class CreatedUser(msgspec.Struct, frozen=True):
    id: str


class RegistrationResponse(msgspec.Struct, frozen=True):
    user: CreatedUser
    token: str


class CreatedConversation(msgspec.Struct, frozen=True):
    id: str


class BenchUser(msgspec.Struct, frozen=True):
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


class UserSetup:
    """Registers users and creates conversations, at most `CONCURRENCY` requests at a time."""

    def __init__(self, url: str, port: int) -> None:
        self._url = url
        self._port = port
        self._prefix = f"b{secrets.token_hex(4)}"
        self._user_count = 0

    def register(self, count: int) -> list[BenchUser]:
        """Register `count` new users."""
        numbers = range(self._user_count, self._user_count + count)
        self._user_count += count

        async def register_one(session: aiohttp.ClientSession, number: int) -> BenchUser:
            name = f"{self._prefix}_{number}"
            registration = Registration(f"{name}@bench.example", name, secrets.token_urlsafe(12))
            response = msgspec.json.decode(
                await self._post(session, "/v1/users", msgspec.json.encode(registration), None),
                type=RegistrationResponse,
            )
            return BenchUser(response.user.id, response.token)

        async def register_all() -> list[BenchUser]:
            async with aiohttp.ClientSession() as session:
                return await _gather_limited([register_one(session, number) for number in numbers])

        return asyncio.run(register_all())

    def create_rooms(self, users: Sequence[BenchUser], size: int) -> list[Member]:
        """Divide the users into GROUP conversations of `size` members."""
        return self._create_conversations(users, size, "GROUP")

    def create_pairs(self, users: Sequence[BenchUser]) -> list[Member]:
        """Divide the users into DIRECT conversations."""
        return self._create_conversations(users, 2, "DIRECT")

    def _create_conversations(self, users: Sequence[BenchUser], size: int, kind: str) -> list[Member]:
        groups = [users[start : start + size] for start in range(0, len(users), size)]

        async def create_one(session: aiohttp.ClientSession, group: Sequence[BenchUser]) -> list[Member]:
            request = NewConversation(
                kind, [user.id for user in group[1:]], "bench" if kind == "GROUP" else None
            )
            body = await self._post(
                session, "/v1/conversations", msgspec.json.encode(request), group[0].token
            )
            conversation = msgspec.json.decode(body, type=CreatedConversation)
            return [Member(conversation.id, self._port, user.token) for user in group]

        async def create_all() -> list[Member]:
            async with aiohttp.ClientSession() as session:
                conversations = await _gather_limited([create_one(session, group) for group in groups])
                return [member for members in conversations for member in members]

        return asyncio.run(create_all())

    async def _post(self, session: aiohttp.ClientSession, path: str, body: bytes, token: str | None) -> bytes:
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        deadline = time.monotonic() + RETRY_FOR_S
        while True:
            async with session.post(self._url + path, data=body, headers=headers) as response:
                content = await response.read()
                if response.ok:
                    return content
                if response.status not in RETRY_STATUSES or time.monotonic() > deadline:
                    detail = content[:500].decode(errors="replace")
                    raise SetupRejected(f"POST {path}: {response.status} {detail}")
                await asyncio.sleep(float(response.headers.get("Retry-After", "1")))


async def _gather_limited(coroutines: Sequence[Coroutine[None, None, T]]) -> list[T]:
    semaphore = asyncio.Semaphore(CONCURRENCY)

    async def run_one(coroutine: Coroutine[None, None, T]) -> T:
        async with semaphore:
            return await coroutine

    return await asyncio.gather(*(run_one(coroutine) for coroutine in coroutines))

"""Passwords: hashed with argon2id on threads of their own, so that the event loop never waits for one.

Only so many are hashed at once and only so many wait; whoever comes beyond is refused and may come
back. Never keeps, logs or compares a password in clear.
"""

import asyncio
import base64
import os
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from actors.protocol.errors import overloaded
from config.accounts import ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_ROUNDS, PASSWORD_BUSY_RETRY_MS
from config.limits import Limits

Result = TypeVar("Result")


class HashCost(msgspec.Struct, frozen=True):
    memory_kib: int = ARGON2_MEMORY_KIB
    rounds: int = ARGON2_ROUNDS
    lanes: int = ARGON2_LANES


class Verdict(msgspec.Struct, frozen=True):
    """Whether the password is right, and whether its hash was made at another cost than today's."""

    right: bool
    stale: bool


class Passwords:
    """Hashes and verifies. Both raise `server.overloaded` when too many wait already."""

    def __init__(self, limits: Limits, cost: HashCost | None = None) -> None:
        chosen = cost or HashCost()
        self._hasher = PasswordHasher(
            time_cost=chosen.rounds, memory_cost=chosen.memory_kib, parallelism=chosen.lanes
        )
        self._nobody = _hash_of_nobody(chosen)
        self._threads = ThreadPoolExecutor(limits.password_hashes_at_once, thread_name_prefix="argon2")
        self._places = threading.BoundedSemaphore(
            limits.password_hashes_at_once + limits.password_hashes_waiting
        )

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(_bytes_of(password)))

    async def verify(self, password_hash: str | None, password: str) -> Verdict:
        """Compare; None, for somebody who does not exist, costs as much and is always wrong."""
        return await self._run(lambda: self._verify(password_hash, password))

    def close(self) -> None:
        """Let the threads end; what has not begun is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password_hash: str | None, password: str) -> Verdict:
        try:
            self._hasher.verify(password_hash or self._nobody, _bytes_of(password))
        except (VerificationError, InvalidHashError):
            return Verdict(right=False, stale=False)
        if password_hash is None:
            return Verdict(right=False, stale=False)
        return Verdict(right=True, stale=self._hasher.check_needs_rehash(password_hash))

    async def _run(self, work: Callable[[], Result]) -> Result:
        if not self._places.acquire(blocking=False):
            raise overloaded("Too many passwords are being checked.", PASSWORD_BUSY_RETRY_MS)
        try:
            future = self._threads.submit(work)
        except RuntimeError:
            self._places.release()
            raise overloaded("The server is going down.", PASSWORD_BUSY_RETRY_MS) from None
        # The place is free when the thread is, which a cancelled caller does not see.
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)


def _bytes_of(password: str) -> bytes:
    """Give what looks the same one spelling: keyboards differ in how they compose an accent."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")


def _hash_of_nobody(cost: HashCost) -> str:
    """Make a well-formed hash at today's cost which no password matches."""
    salt, digest = (base64.b64encode(os.urandom(size)).rstrip(b"=").decode() for size in (16, 32))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.rounds},p={cost.lanes}${salt}${digest}"

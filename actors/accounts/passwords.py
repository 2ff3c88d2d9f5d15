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


class PasswordCheck(msgspec.Struct, frozen=True):
    """Whether the password is right, and whether its hash was made at another cost than today's."""

    matches: bool
    needs_rehash: bool


class Passwords:
    """Hashes and verifies. Both raise `server.overloaded` when too many wait already."""

    def __init__(self, limits: Limits, cost: HashCost | None = None) -> None:
        chosen = cost or HashCost()
        self._hasher = PasswordHasher(
            time_cost=chosen.rounds, memory_cost=chosen.memory_kib, parallelism=chosen.lanes
        )
        self._dummy_hash = _make_dummy_hash(chosen)
        self._executor = ThreadPoolExecutor(limits.password_hashes_in_flight, thread_name_prefix="argon2")
        self._slots = threading.BoundedSemaphore(
            limits.password_hashes_in_flight + limits.password_hashes_queued
        )

    async def hash(self, password: str) -> str:
        return await self._run_in_thread(lambda: self._hasher.hash(_normalize(password)))

    async def verify(self, password_hash: str | None, password: str) -> PasswordCheck:
        """Compare; None, for somebody who does not exist, costs as much and is always wrong."""
        return await self._run_in_thread(lambda: self._verify_sync(password_hash, password))

    def close(self) -> None:
        """Let the threads end; what has not begun is dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _verify_sync(self, password_hash: str | None, password: str) -> PasswordCheck:
        try:
            self._hasher.verify(password_hash or self._dummy_hash, _normalize(password))
        except (VerificationError, InvalidHashError):
            return PasswordCheck(matches=False, needs_rehash=False)
        if password_hash is None:
            return PasswordCheck(matches=False, needs_rehash=False)
        return PasswordCheck(matches=True, needs_rehash=self._hasher.check_needs_rehash(password_hash))

    async def _run_in_thread(self, work: Callable[[], Result]) -> Result:
        if not self._slots.acquire(blocking=False):
            raise overloaded("Too many passwords are being checked.", PASSWORD_BUSY_RETRY_MS)
        try:
            future = self._executor.submit(work)
        except RuntimeError:
            self._slots.release()
            raise overloaded("The server is going down.", PASSWORD_BUSY_RETRY_MS) from None
        # The place is free when the thread is, which a cancelled caller does not see.
        future.add_done_callback(lambda _: self._slots.release())
        return await asyncio.wrap_future(future)


def _normalize(password: str) -> bytes:
    """Give what looks the same one spelling: keyboards differ in how they compose an accent."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")


def _make_dummy_hash(cost: HashCost) -> str:
    """Make a well-formed hash at today's cost which no password matches."""
    salt, digest = (base64.b64encode(os.urandom(size)).rstrip(b"=").decode() for size in (16, 32))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.rounds},p={cost.lanes}${salt}${digest}"

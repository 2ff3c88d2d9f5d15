"""Hashes and verifies passwords with argon2id on a dedicated thread pool, off the event loop.

The number of running and of waiting hashes is bounded; beyond it, `server.overloaded` is raised.
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
    """Whether the password matches, and whether its hash was made with outdated cost parameters."""

    matches: bool
    needs_rehash: bool


class PasswordStatistics(msgspec.Struct, frozen=True):
    """Hashes that run or wait now, and those refused since the start because too many waited."""

    running: int
    waiting: int
    refused: int


class Passwords:
    """`hash` and `verify` raise `server.overloaded` if too many are waiting, and after `close`."""

    def __init__(self, limits: Limits, cost: HashCost | None = None) -> None:
        parameters = cost or HashCost()
        self._hasher = PasswordHasher(
            time_cost=parameters.rounds, memory_cost=parameters.memory_kib, parallelism=parameters.lanes
        )
        self._cost = parameters
        self._dummy_hash = _make_dummy_hash(parameters)
        self._executor = ThreadPoolExecutor(limits.password_hashes_in_flight, thread_name_prefix="argon2")
        self._running_max = limits.password_hashes_in_flight
        self._pending_max = limits.password_hashes_in_flight + limits.password_hashes_queued
        # Counted down by the threads, hence the lock.
        self._lock = threading.Lock()
        self._pending = 0
        self._refused = 0

    def statistics(self) -> PasswordStatistics:
        pending = self._pending
        running = min(pending, self._running_max)
        return PasswordStatistics(running, pending - running, self._refused)

    async def hash(self, password: str) -> str:
        return await self._run_in_thread(lambda: self._hasher.hash(_normalize(password)))

    async def verify(self, password_hash: str | None, password: str) -> PasswordCheck:
        """Verify a password. A `password_hash` of None (unknown user) takes as long and never matches."""
        return await self._run_in_thread(lambda: self._verify_sync(password_hash, password))

    def make_unusable_hash(self) -> str:
        """Return a hash that no password matches; verifying one takes as long as any other."""
        return _make_dummy_hash(self._cost)

    def close(self) -> None:
        """Stop the threads; cancel hashes that have not started."""
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
        if not self._take_slot():
            self._refused += 1
            raise overloaded("Too many passwords are being checked. Retry later.", PASSWORD_BUSY_RETRY_MS)
        try:
            future = self._executor.submit(work)
        except RuntimeError:
            self._release_slot()
            raise overloaded("The server is shutting down.", PASSWORD_BUSY_RETRY_MS) from None
        # The thread keeps its slot until it finishes, even if the caller is cancelled.
        future.add_done_callback(lambda _: self._release_slot())
        return await asyncio.wrap_future(future)

    def _take_slot(self) -> bool:
        with self._lock:
            if self._pending >= self._pending_max:
                return False
            self._pending += 1
            return True

    def _release_slot(self) -> None:
        with self._lock:
            self._pending -= 1


def _normalize(password: str) -> bytes:
    """Normalize to NFKC: keyboards differ in how they compose accented characters."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")


def _make_dummy_hash(cost: HashCost) -> str:
    """Create a well-formed hash with current cost parameters that no password matches."""
    salt, digest = (base64.b64encode(os.urandom(size)).rstrip(b"=").decode() for size in (16, 32))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.rounds},p={cost.lanes}${salt}${digest}"

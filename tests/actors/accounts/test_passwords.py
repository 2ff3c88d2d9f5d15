"""Password hashing and its bounds."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from actors.accounts.passwords import HashCost, Passwords, PasswordStatistics
from actors.protocol.errors import ApiError
from config.limits import Limits

CHEAP = HashCost(memory_kib=64, rounds=1)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(Limits(password_hashes_in_flight=1, password_hashes_queued=1), CHEAP)
    yield made
    made.close()


async def test_default_hash_cost() -> None:
    """Hashes carry the configured cost, so that it is not lowered by accident."""
    real = Passwords(Limits())
    try:
        assert (await real.hash("a good password")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert real._dummy_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    finally:
        real.close()


async def test_verify_results(passwords: Passwords) -> None:
    """Right and wrong passwords, no hash, a malformed hash, and a hash with outdated cost."""
    hashed = await passwords.hash("a good password")
    verdict = await passwords.verify(hashed, "a good password")
    assert (verdict.matches, verdict.needs_rehash) == (True, False)
    for known, given in ((hashed, "a bad password"), (None, "a good password"), ("broken", "x"), ("", "x")):
        wrong = await passwords.verify(known, given)
        assert (wrong.matches, wrong.needs_rehash) == (False, False)
    dearer = Passwords(Limits(), HashCost(memory_kib=128, rounds=1))
    try:
        stale = await dearer.verify(hashed, "a good password")
        assert (stale.matches, stale.needs_rehash) == (True, True)
    finally:
        dearer.close()


async def test_passwords_are_unicode_normalized(passwords: Passwords) -> None:
    """Composed and decomposed forms of a password are the same password."""
    hashed = await passwords.hash("caf\u00e9 caf\u00e9")
    assert (await passwords.verify(hashed, "cafe\u0301 cafe\u0301")).matches


async def test_concurrent_hashes_are_bounded(passwords: Passwords) -> None:
    """With one running and one waiting hash, a third is rejected; a finished hash frees its slot."""
    gate = threading.Event()

    def hold() -> None:
        gate.wait(10)

    held = [asyncio.ensure_future(passwords._run_in_thread(hold)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ApiError) as refused:
        await passwords.hash("a good password")
    assert refused.value.code == "server.overloaded"
    assert passwords.statistics() == PasswordStatistics(running=1, waiting=1, refused=1)
    assert refused.value.retry_after_ms
    held[1].cancel()
    gate.set()
    await asyncio.gather(*held, return_exceptions=True)
    assert await passwords.hash("a good password")

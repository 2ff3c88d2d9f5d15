"""`Accounts`: caching, races and secrets, which cannot be observed over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.accounts import login_sessions
from actors.accounts.accounts import Accounts
from actors.accounts.authenticator import Authenticator
from actors.accounts.bodies import Login, PasswordChange, ProfilePatch, Registration, SignedIn
from actors.accounts.card_cache import CardCache
from actors.accounts.login_sessions import LoginSessions
from actors.accounts.passwords import HashCost, Passwords
from actors.accounts.sign_up import SignUp
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from config.accounts import CARD_CACHE_S
from config.limits import Limits
from storage.contracts.users import SessionRecord, UserRecord
from storage.memory.email_changes import MemoryEmailChanges
from storage.memory.users import MemoryLogins, MemorySessions, MemoryUsers, UserTables
from tests.credential_checks import make_credential_checks

PASSWORD = "a good password"
REGISTRATION = Registration("ana@example.test", "ana", PASSWORD)


class CountedUsers(MemoryUsers):
    def __init__(self, people: UserTables) -> None:
        super().__init__(people)
        self.loads: list[int] = []

    async def find(self, user_ids: Sequence[str]) -> list[UserRecord]:
        self.loads.append(len(user_ids))
        return await super().find(user_ids)


class GatedSessions(MemorySessions):
    """Blocks opening a session until the test allows it."""

    def __init__(self, people: UserTables) -> None:
        super().__init__(people)
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()

    async def open(
        self, user_id: str, token_hash: str, lifetime_s: int, device: str | None = None
    ) -> SessionRecord:
        self.waiting.set()
        await self.gate.wait()
        return await super().open(user_id, token_hash, lifetime_s, device)


class AccountsSetup:
    def __init__(self) -> None:
        limits = Limits()
        self.people = UserTables()
        self.users = CountedUsers(self.people)
        self.sessions = GatedSessions(self.people)
        logins = MemoryLogins(self.people)
        self.authenticator = Authenticator(self.sessions, logins, limits)
        self.passwords = Passwords(limits, HashCost(memory_kib=64, rounds=1))
        self.revoked: list[str] = []
        checks = make_credential_checks(self.users, logins, self.passwords, limits)
        self.login_sessions = LoginSessions(self.sessions, checks, self.authenticator, self.revoked.extend)
        self.accounts = Accounts(self.users, MemoryEmailChanges(self.people), self.login_sessions, checks)
        self.sign_up = SignUp(self.users, self.login_sessions, checks)


@pytest.fixture
async def setup() -> AsyncIterator[AccountsSetup]:
    made = AccountsSetup()
    yield made
    await made.accounts.close()
    await made.authenticator.close()
    made.passwords.close()


async def test_login_with_old_password_fails_after_password_change(setup: AccountsSetup) -> None:
    """A password change between the password check and the new session makes the login fail."""
    signed = await setup.sign_up.register(REGISTRATION)
    identity = await setup.authenticator.authenticate(signed.token)
    setup.sessions.gate.clear()
    setup.sessions.waiting.clear()
    late = asyncio.ensure_future(setup.login_sessions.login(Login("ana", PASSWORD), "network"))
    await setup.sessions.waiting.wait()
    await setup.accounts.change_password(identity, PasswordChange(PASSWORD, "a better password"))
    setup.sessions.gate.set()
    with pytest.raises(ApiError, match="invalid_credentials"):
        await late
    assert [session.id for session in await setup.sessions.list(signed.user.id)] == [identity.session_id]


async def test_one_more_login_ends_the_oldest_session(
    setup: AccountsSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sockets are closed, and its token is no longer valid."""
    monkeypatch.setattr(login_sessions, "SESSIONS_PER_USER", 2)
    first = await setup.sign_up.register(REGISTRATION)
    oldest = await setup.authenticator.authenticate(first.token)
    await setup.login_sessions.login(Login("ana", PASSWORD), "network")
    assert setup.revoked == []
    await setup.login_sessions.login(Login("ana", PASSWORD), "network")
    assert setup.revoked == [oldest.session_id]
    with pytest.raises(ApiError, match=r"auth\."):
        await setup.authenticator.authenticate(first.token)


async def test_cards_are_batched_and_cached(setup: AccountsSetup) -> None:
    """Calls in one tick share one load, later calls need none, and unknown ids are absent."""
    ids = [
        (await setup.sign_up.register(Registration(f"{name}@example.test", name, PASSWORD))).user.id
        for name in ("ana", "ben", "eva")
    ]
    pairs = await asyncio.gather(
        setup.accounts.load_cards(ids[:2]), setup.accounts.load_cards([ids[2], "nobody", ids[0]])
    )
    assert [set(cards) for cards in pairs] == [set(ids[:2]), {ids[0], ids[2]}]
    assert setup.users.loads == [4]
    assert set(await setup.accounts.load_cards(ids)) == set(ids)
    assert setup.users.loads == [4]


async def test_profile_change_updates_the_card(setup: AccountsSetup) -> None:
    """A profile change is visible in the next card."""
    signed = await setup.sign_up.register(REGISTRATION)
    identity = await setup.authenticator.authenticate(signed.token)
    await setup.accounts.load_cards([signed.user.id])
    await setup.accounts.update_profile(identity, ProfilePatch(display_name="Ana"))
    assert (await setup.accounts.load_cards([signed.user.id]))[signed.user.id].display_name == "Ana"
    assert (await setup.authenticator.authenticate(signed.token)).user.display_name == "Ana"


async def test_card_loaded_before_invalidation_is_not_cached() -> None:
    """A card that was loading when it was invalidated is not cached."""
    lock_name = asyncio.Event()
    started = asyncio.Event()
    loads: list[str] = []

    async def load(user_ids: Sequence[str]) -> dict[str, UserCard]:
        loads.extend(user_ids)
        started.set()
        await lock_name.wait()
        return {user_id: UserCard(user_id, "old", None, None, verified=False) for user_id in user_ids}

    cache = CardCache(load)
    first = asyncio.ensure_future(cache.get(["a"]))
    await started.wait()
    cache.invalidate("a")
    lock_name.set()
    await first
    await cache.get(["a"])
    assert loads == ["a", "a"]
    await cache.close()


async def test_cached_card_expires() -> None:
    """A card is loaded again after its lifetime."""
    now_s = 0.0
    loads: list[str] = []

    async def load(user_ids: Sequence[str]) -> dict[str, UserCard]:
        loads.extend(user_ids)
        return {user_id: UserCard(user_id, "a", None, None, verified=False) for user_id in user_ids}

    cache = CardCache(load, clock=lambda: now_s)
    await cache.get(["a"])
    now_s = CARD_CACHE_S - 0.1
    await cache.get(["a"])
    assert loads == ["a"]
    now_s = CARD_CACHE_S
    await cache.get(["a"])
    assert loads == ["a", "a"]
    await cache.close()


async def test_repr_contains_no_secrets() -> None:
    """The `repr` of requests and responses shows no password or token."""
    secret = "very secret"
    for thing in (
        Registration("a@example.test", "ana", secret),
        Login("ana", secret),
        PasswordChange(secret, secret),
        SignedIn(user=None, token=secret, expires_at=""),  # type: ignore[arg-type]
    ):
        assert secret not in f"{thing!r} {thing!s}"

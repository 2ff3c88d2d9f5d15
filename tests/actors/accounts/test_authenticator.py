"""Token authentication: caching, invalidation, expiry and session extension."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from actors.accounts.authenticator import LOOKUPS_MAX, Authenticator
from actors.accounts.tokens import hash_token, new_token
from actors.protocol.errors import ApiError
from config.accounts import CONNECT_IDENTITY_AGE_MAX_S, CONNECT_LOOKUP_INTERVAL_S
from config.limits import TOKEN_LIFETIME_MAX_S, TOKEN_LIFETIME_S, TOKEN_TOUCH_INTERVAL_S, Limits
from storage.contracts.users import Identity, NewUser, ProfileChange, UserRecord
from storage.errors import Unavailable
from storage.memory.users import MemoryLogins, MemorySessions, MemoryUsers, UserTables
from tests.until import until

LIMITS = Limits(token_cache_s=30, token_cache_entries=3)


class RecordingSessions(MemorySessions):
    """Records lookups and touches; can be blocked or made to fail."""

    def __init__(self, people: UserTables) -> None:
        super().__init__(people)
        self.lookup_sizes: list[int] = []
        self.touched_ids: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.unavailable = False

    async def identities(self, token_hashes: Sequence[str]) -> dict[str, Identity]:
        self.lookup_sizes.append(len(token_hashes))
        if self.unavailable:
            raise Unavailable
        found = await super().identities(token_hashes)
        await self.gate.wait()
        return found

    async def touch(self, session_id: str, lifetime_s: int, lifetime_max_s: int) -> None:
        self.touched_ids.append(session_id)
        await super().touch(session_id, lifetime_s, lifetime_max_s)


class AuthenticatorSetup:
    """A user, in-memory stores, a manual clock, and the authenticator."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.people = UserTables()
        self.sessions = RecordingSessions(self.people)
        self.authenticator = Authenticator(
            self.sessions, MemoryLogins(self.people), LIMITS, clock=lambda: self.now_s
        )
        self.ana: UserRecord

    async def create_token(self, lifetime_s: int = TOKEN_LIFETIME_S) -> str:
        token = new_token()
        await self.sessions.open(self.ana.id, hash_token(token) or "", lifetime_s)
        return token

    async def error_code(self, token: str) -> str:
        with pytest.raises(ApiError) as refusal:
            await self.authenticator.authenticate(token)
        return refusal.value.code


@pytest.fixture
async def setup() -> AsyncIterator[AuthenticatorSetup]:
    made = AuthenticatorSetup()
    made.ana = await MemoryUsers(made.people).register(NewUser("ana@example.test", "ana", "hash", None))
    yield made
    await made.authenticator.close()


async def test_tokens_of_one_tick_are_looked_up_together(setup: AuthenticatorSetup) -> None:
    """Tokens of one tick, known and unknown, are looked up in one call; known ones are then cached."""
    tokens = [await setup.create_token() for _ in range(3)]
    found = await asyncio.gather(*(setup.authenticator.authenticate(token) for token in tokens))
    assert {identity.user.id for identity in found} == {setup.ana.id}
    assert setup.sessions.lookup_sizes == [3]
    await setup.authenticator.authenticate(tokens[0])
    assert setup.sessions.lookup_sizes == [3]


async def test_cached_identity_expires(setup: AuthenticatorSetup) -> None:
    """A revocation without invalidation takes effect when the cache entry expires."""
    token = await setup.create_token()
    identity = await setup.authenticator.authenticate(token)
    await setup.sessions.revoke(setup.ana.id, identity.session_id)
    setup.now_s += LIMITS.token_cache_s - 1
    assert await setup.authenticator.authenticate(token) == identity
    setup.now_s += 2
    assert await setup.error_code(token) == "auth.required"


async def test_connects_bypass_older_cache_entries(setup: AuthenticatorSetup) -> None:
    """A new connection gets an identity of at most the given age; requests still use the cache."""
    token = await setup.create_token()
    await setup.authenticator.authenticate(token)
    await MemoryUsers(setup.people).change(setup.ana.id, ProfileChange(display_name="Ana the Great"))
    setup.now_s += CONNECT_IDENTITY_AGE_MAX_S / 2
    assert (await setup.authenticator.authenticate_connect(token)).user.display_name is None
    setup.now_s += CONNECT_IDENTITY_AGE_MAX_S / 2
    assert (await setup.authenticator.authenticate(token)).user.display_name is None
    fresh = await setup.authenticator.authenticate_connect(token)
    assert fresh.user.display_name == "Ana the Great"


async def test_requests_do_not_wait_for_the_interval_of_connects(setup: AuthenticatorSetup) -> None:
    """Requests of many users, one after the other, are looked up at once; connects wait and share lookups."""
    loop = asyncio.get_running_loop()
    tokens = [await setup.create_token() for _ in range(50)]
    started = loop.time()
    for token in tokens:
        await setup.authenticator.authenticate(token)
    requests_s, started = loop.time() - started, loop.time()
    setup.now_s += CONNECT_IDENTITY_AGE_MAX_S
    for token in tokens:
        await setup.authenticator.authenticate_connect(token)
    assert requests_s < loop.time() - started
    assert loop.time() - started >= CONNECT_LOOKUP_INTERVAL_S * (len(tokens) - 2)


async def test_invalidated_session_is_looked_up_again(setup: AuthenticatorSetup) -> None:
    """An invalidated session is rejected at once."""
    token = await setup.create_token()
    identity = await setup.authenticator.authenticate(token)
    await setup.sessions.revoke(setup.ana.id, identity.session_id)
    setup.authenticator.invalidate(identity.session_id)
    setup.authenticator.invalidate("unknown")
    assert await setup.error_code(token) == "auth.required"


async def test_invalidation_during_lookup_discards_its_result(setup: AuthenticatorSetup) -> None:
    """The result of a lookup from before the revocation is neither returned nor cached."""
    token = await setup.create_token()
    (session,) = await setup.sessions.list(setup.ana.id)
    setup.sessions.gate.clear()
    asking = asyncio.ensure_future(setup.error_code(token))
    await until(lambda: setup.sessions.lookup_sizes)
    await setup.sessions.revoke(setup.ana.id, session.id)
    setup.authenticator.invalidate(session.id)
    setup.sessions.gate.set()
    assert await asking == "auth.required"
    assert await setup.error_code(token) == "auth.required"


async def test_profile_change_during_lookup_still_authenticates(setup: AuthenticatorSetup) -> None:
    """A profile change during a lookup does not fail it; the new name is returned."""
    token = await setup.create_token()
    (session,) = await setup.sessions.list(setup.ana.id)
    setup.sessions.gate.clear()
    asking = asyncio.ensure_future(setup.authenticator.authenticate(token))
    await until(lambda: setup.sessions.lookup_sizes)
    await MemoryUsers(setup.people).change(setup.ana.id, ProfileChange(display_name="Anna"))
    setup.authenticator.invalidate(session.id)
    setup.sessions.gate.set()
    assert (await asking).user.display_name == "Anna"


async def test_session_invalidated_during_every_lookup_is_unavailable(
    setup: AuthenticatorSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that never stays the same is not looked up without end, and not accepted."""
    token = await setup.create_token()
    look_up = setup.sessions.identities

    async def look_up_and_invalidate(token_hashes: Sequence[str]) -> dict[str, Identity]:
        found = await look_up(token_hashes)
        for identity in found.values():
            setup.authenticator.invalidate(identity.session_id)
        return found

    monkeypatch.setattr(setup.sessions, "identities", look_up_and_invalidate)
    assert await setup.error_code(token) == "server.unavailable"
    assert len(setup.sessions.lookup_sizes) == LOOKUPS_MAX


async def test_expired_and_unknown_tokens_have_different_errors(setup: AuthenticatorSetup) -> None:
    """An expired token is `auth.expired`, an unknown one `auth.required`; malformed ones cause no lookup."""
    assert await setup.error_code(await setup.create_token(-1)) == "auth.expired"
    assert await setup.error_code(new_token()) == "auth.required"
    asked = len(setup.sessions.lookup_sizes)
    for odd in ("", "x", "x" * 42, "x" * 44, "ü" * 43, "x" * 42 + "\n"):
        assert await setup.error_code(odd) == "auth.required"
    assert len(setup.sessions.lookup_sizes) == asked


async def test_cached_token_expires_with_its_session(setup: AuthenticatorSetup) -> None:
    """A cached token stops working when its session expires."""
    token = await setup.create_token(3600)
    await setup.authenticator.authenticate(token)
    (kept,) = setup.people.sessions.values()
    setup.people.sessions[kept.id] = msgspec.structs.replace(kept, expires_at=datetime.now(UTC))
    (entry,) = setup.authenticator._cache.values()
    hashed = hash_token(token) or ""
    late = msgspec.structs.replace(entry.identity, expires_at=datetime.now(UTC))
    setup.authenticator._cache[hashed] = msgspec.structs.replace(entry, identity=late)
    assert await setup.error_code(token) == "auth.expired"


async def test_cache_is_bounded(setup: AuthenticatorSetup) -> None:
    """A full cache evicts its oldest entry."""
    for _ in range(LIMITS.token_cache_entries + 2):
        await setup.authenticator.authenticate(await setup.create_token())
    assert (
        len(setup.authenticator._cache)
        == len(setup.authenticator._hash_by_session_id)
        == LIMITS.token_cache_entries
    )


async def test_expired_entries_are_evicted_on_insert(setup: AuthenticatorSetup) -> None:
    """Each insertion evicts up to two expired entries, and no valid ones."""
    for _ in range(LIMITS.token_cache_entries - 1):
        await setup.authenticator.authenticate(await setup.create_token())
    setup.now_s += LIMITS.token_cache_s
    for left in (1, 2, 3):
        await setup.authenticator.authenticate(await setup.create_token())
        assert len(setup.authenticator._cache) == len(setup.authenticator._hash_by_session_id) == left


async def test_unavailable_store_is_reported_as_unavailable(setup: AuthenticatorSetup) -> None:
    """Without the store, uncached tokens get `server.unavailable`, and cached ones still work."""
    known, other = await setup.create_token(), await setup.create_token()
    await setup.authenticator.authenticate(known)
    setup.sessions.unavailable = True
    assert await setup.error_code(other) == "server.unavailable"
    assert (await setup.authenticator.authenticate(known)).user == setup.ana


async def test_session_expiry_is_extended_at_intervals(setup: AuthenticatorSetup) -> None:
    """Using a session extends its expiry once per interval."""
    token = await setup.create_token()
    await setup.authenticator.authenticate(token)
    assert setup.sessions.touched_ids == []
    (session,) = setup.people.sessions.values()
    earlier = session.expires_at - timedelta(seconds=TOKEN_TOUCH_INTERVAL_S + 60)
    setup.people.sessions[session.id] = msgspec.structs.replace(session, expires_at=earlier)
    for _ in range(3):
        setup.now_s += LIMITS.token_cache_s + 1
        await setup.authenticator.authenticate(token)
        await setup.authenticator._touch_pool.drain()
    assert setup.sessions.touched_ids == [session.id]
    assert setup.people.sessions[session.id].expires_at > earlier + timedelta(seconds=TOKEN_TOUCH_INTERVAL_S)


async def test_session_at_max_lifetime_is_not_extended_on_each_use(setup: AuthenticatorSetup) -> None:
    """A session at its maximum lifetime is touched once per interval, not on each use."""
    token = await setup.create_token()
    (session,) = setup.people.sessions.values()
    began = datetime.now(UTC) - timedelta(seconds=TOKEN_LIFETIME_MAX_S - 10 * TOKEN_TOUCH_INTERVAL_S)
    end = began + timedelta(seconds=TOKEN_LIFETIME_MAX_S)
    old = msgspec.structs.replace(session, created_at=began, expires_at=end)
    setup.people.sessions[session.id] = old
    for _ in range(3):
        setup.now_s += LIMITS.token_cache_s + 1
        await setup.authenticator.authenticate(token)
        await setup.authenticator._touch_pool.drain()
    assert setup.sessions.touched_ids == [session.id]
    assert setup.people.sessions[session.id].expires_at == end
    setup.now_s += TOKEN_TOUCH_INTERVAL_S
    await setup.authenticator.authenticate(token)
    await setup.authenticator._touch_pool.drain()
    assert len(setup.sessions.touched_ids) == 2

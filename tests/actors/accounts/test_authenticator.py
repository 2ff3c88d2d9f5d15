"""Who a token speaks for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from actors.accounts.authenticator import Authenticator
from actors.accounts.tokens import hash_token, new_token
from actors.protocol.errors import ApiError
from config.limits import TOKEN_LIFETIME_MAX_S, TOKEN_LIFETIME_S, TOKEN_TOUCH_INTERVAL_S, Limits
from storage.contracts.users import Identity, NewUser, ProfileChange, UserRecord
from storage.errors import Unavailable
from storage.memory.users import MemoryLogins, MemorySessions, MemoryUsers, UserTables
from tests.until import until

LIMITS = Limits(token_cache_s=30, token_cache_entries=3)


class RecordingSessions(MemorySessions):
    """Counts what it is asked, waits when it is told to, fails when it is told to."""

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
    """A user, the stores, a clock that a test moves, and the authenticator over them."""

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
async def house() -> AsyncIterator[AuthenticatorSetup]:
    made = AuthenticatorSetup()
    made.ana = await MemoryUsers(made.people).register(NewUser("ana@example.test", "ana", "hash", None))
    yield made
    await made.authenticator.close()


async def test_tokens_of_one_tick_are_looked_up_together(house: AuthenticatorSetup) -> None:
    """Many tokens at once, known and unknown, cost one round trip, and then none."""
    tokens = [await house.create_token() for _ in range(3)]
    found = await asyncio.gather(*(house.authenticator.authenticate(token) for token in tokens))
    assert {identity.user.id for identity in found} == {house.ana.id}
    assert house.sessions.lookup_sizes == [3]
    await house.authenticator.authenticate(tokens[0])
    assert house.sessions.lookup_sizes == [3]


async def test_cached_identity_expires(house: AuthenticatorSetup) -> None:
    """What nobody told is seen when the memory runs out."""
    token = await house.create_token()
    identity = await house.authenticator.authenticate(token)
    await house.sessions.revoke(house.ana.id, identity.session_id)
    house.now_s += LIMITS.token_cache_s - 1
    assert await house.authenticator.authenticate(token) == identity
    house.now_s += 2
    assert await house.error_code(token) == "auth.required"


async def test_max_age_bypasses_older_cache_entries(house: AuthenticatorSetup) -> None:
    """A name that was changed elsewhere is shown as it is now; others go on with what is remembered."""
    token = await house.create_token()
    await house.authenticator.authenticate(token)
    await MemoryUsers(house.people).change(house.ana.id, ProfileChange(display_name="Ana the Great"))
    house.now_s += 1
    assert (await house.authenticator.authenticate(token)).user.display_name is None
    assert (await house.authenticator.authenticate(token, max_age_s=2)).user.display_name is None
    fresh = await house.authenticator.authenticate(token, max_age_s=1)
    assert fresh.user.display_name == "Ana the Great"


async def test_invalidated_session_is_looked_up_again(house: AuthenticatorSetup) -> None:
    """A revocation that was told holds at once."""
    token = await house.create_token()
    identity = await house.authenticator.authenticate(token)
    await house.sessions.revoke(house.ana.id, identity.session_id)
    house.authenticator.invalidate(identity.session_id)
    house.authenticator.invalidate("unknown")
    assert await house.error_code(token) == "auth.required"


async def test_invalidation_during_lookup_discards_its_result(house: AuthenticatorSetup) -> None:
    """A look-up that read before the revocation neither lets in nor is remembered."""
    token = await house.create_token()
    (session,) = await house.sessions.list(house.ana.id)
    house.sessions.gate.clear()
    asking = asyncio.ensure_future(house.error_code(token))
    await until(lambda: house.sessions.lookup_sizes)
    await house.sessions.revoke(house.ana.id, session.id)
    house.authenticator.invalidate(session.id)
    house.sessions.gate.set()
    assert await asking == "auth.required"
    assert await house.error_code(token) == "auth.required"


async def test_profile_change_during_lookup_still_authenticates(house: AuthenticatorSetup) -> None:
    """Who is asked for while their name changes is let in, with the new name."""
    token = await house.create_token()
    (session,) = await house.sessions.list(house.ana.id)
    house.sessions.gate.clear()
    asking = asyncio.ensure_future(house.authenticator.authenticate(token))
    await until(lambda: house.sessions.lookup_sizes)
    await MemoryUsers(house.people).change(house.ana.id, ProfileChange(display_name="Anna"))
    house.authenticator.invalidate(session.id)
    house.sessions.gate.set()
    assert (await asking).user.display_name == "Anna"


async def test_expired_and_unknown_tokens_have_different_errors(house: AuthenticatorSetup) -> None:
    """Out of time is `auth.expired`; never heard of is `auth.required`; nonsense asks no store."""
    assert await house.error_code(await house.create_token(-1)) == "auth.expired"
    assert await house.error_code(new_token()) == "auth.required"
    asked = len(house.sessions.lookup_sizes)
    for odd in ("", "x", "x" * 42, "x" * 44, "ü" * 43, "x" * 42 + "\n"):
        assert await house.error_code(odd) == "auth.required"
    assert len(house.sessions.lookup_sizes) == asked


async def test_cached_token_expires_with_its_session(house: AuthenticatorSetup) -> None:
    """The memory never outlives the session."""
    token = await house.create_token(3600)
    await house.authenticator.authenticate(token)
    (kept,) = house.people.sessions.values()
    house.people.sessions[kept.id] = msgspec.structs.replace(kept, expires_at=datetime.now(UTC))
    (entry,) = house.authenticator._cache.values()
    hashed = hash_token(token) or ""
    late = msgspec.structs.replace(entry.identity, expires_at=datetime.now(UTC))
    house.authenticator._cache[hashed] = msgspec.structs.replace(entry, identity=late)
    assert await house.error_code(token) == "auth.expired"


async def test_cache_is_bounded(house: AuthenticatorSetup) -> None:
    """The oldest goes when a new one comes to a full memory."""
    for _ in range(LIMITS.token_cache_entries + 2):
        await house.authenticator.authenticate(await house.create_token())
    assert (
        len(house.authenticator._cache)
        == len(house.authenticator._hash_by_session_id)
        == LIMITS.token_cache_entries
    )


async def test_expired_entries_are_evicted_on_insert(house: AuthenticatorSetup) -> None:
    """Those of the last rush do not stay: two go for each that comes, and none that still holds."""
    for _ in range(LIMITS.token_cache_entries - 1):
        await house.authenticator.authenticate(await house.create_token())
    house.now_s += LIMITS.token_cache_s
    for left in (1, 2, 3):
        await house.authenticator.authenticate(await house.create_token())
        assert len(house.authenticator._cache) == len(house.authenticator._hash_by_session_id) == left


async def test_unavailable_store_is_reported_as_unavailable(house: AuthenticatorSetup) -> None:
    """No store, no answer: 503, not 401; what is remembered still works."""
    known, other = await house.create_token(), await house.create_token()
    await house.authenticator.authenticate(known)
    house.sessions.unavailable = True
    assert await house.error_code(other) == "server.unavailable"
    assert (await house.authenticator.authenticate(known)).user == house.ana


async def test_session_expiry_is_extended_at_intervals(house: AuthenticatorSetup) -> None:
    """A session last prolonged long ago is prolonged once, however often it is used."""
    token = await house.create_token()
    await house.authenticator.authenticate(token)
    assert house.sessions.touched_ids == []
    (session,) = house.people.sessions.values()
    earlier = session.expires_at - timedelta(seconds=TOKEN_TOUCH_INTERVAL_S + 60)
    house.people.sessions[session.id] = msgspec.structs.replace(session, expires_at=earlier)
    for _ in range(3):
        house.now_s += LIMITS.token_cache_s + 1
        await house.authenticator.authenticate(token)
        await asyncio.gather(*house.authenticator._touch_tasks)
    assert house.sessions.touched_ids == [session.id]
    assert house.people.sessions[session.id].expires_at > earlier + timedelta(seconds=TOKEN_TOUCH_INTERVAL_S)


async def test_session_at_max_lifetime_is_not_extended_on_each_use(house: AuthenticatorSetup) -> None:
    """A session whose end cannot move looks due for ever, and is told so once in a while only."""
    token = await house.create_token()
    (session,) = house.people.sessions.values()
    began = datetime.now(UTC) - timedelta(seconds=TOKEN_LIFETIME_MAX_S - 10 * TOKEN_TOUCH_INTERVAL_S)
    end = began + timedelta(seconds=TOKEN_LIFETIME_MAX_S)
    old = msgspec.structs.replace(session, created_at=began, expires_at=end)
    house.people.sessions[session.id] = old
    for _ in range(3):
        house.now_s += LIMITS.token_cache_s + 1
        await house.authenticator.authenticate(token)
        await asyncio.gather(*house.authenticator._touch_tasks)
    assert house.sessions.touched_ids == [session.id]
    assert house.people.sessions[session.id].expires_at == end
    house.now_s += TOKEN_TOUCH_INTERVAL_S
    await house.authenticator.authenticate(token)
    await asyncio.gather(*house.authenticator._touch_tasks)
    assert len(house.sessions.touched_ids) == 2

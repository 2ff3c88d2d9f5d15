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
from storage.errors import Unavailable
from storage.memory.logins import MemoryLogins
from storage.memory.sessions import MemorySessions
from storage.memory.user_tables import UserTables
from storage.memory.users import MemoryUsers
from storage.records.users import Identity, NewUser, ProfileChange, UserRecord
from tests.until import until

LIMITS = Limits(token_cache_s=30, token_cache_entries=3)


class WatchedSessions(MemorySessions):
    """Counts what it is asked, waits when it is told to, fails when it is told to."""

    def __init__(self, people: UserTables) -> None:
        super().__init__(people)
        self.asked: list[int] = []
        self.touched: list[str] = []
        self.door = asyncio.Event()
        self.door.set()
        self.down = False

    async def identities(self, token_hashes: Sequence[str]) -> dict[str, Identity]:
        self.asked.append(len(token_hashes))
        if self.down:
            raise Unavailable
        found = await super().identities(token_hashes)
        await self.door.wait()
        return found

    async def touch(self, session_id: str, lifetime_s: int, lifetime_max_s: int) -> None:
        self.touched.append(session_id)
        await super().touch(session_id, lifetime_s, lifetime_max_s)


class House:
    """A user, the stores, a clock that a test moves, and the authenticator over them."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.people = UserTables()
        self.sessions = WatchedSessions(self.people)
        self.authenticator = Authenticator(
            self.sessions, MemoryLogins(self.people), LIMITS, clock=lambda: self.now_s
        )
        self.ana: UserRecord

    async def token(self, lifetime_s: int = TOKEN_LIFETIME_S) -> str:
        token = new_token()
        await self.sessions.open(self.ana.id, hash_token(token) or "", lifetime_s)
        return token

    async def refused(self, token: str) -> str:
        with pytest.raises(ApiError) as refusal:
            await self.authenticator.authenticate(token)
        return refusal.value.code


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    made.ana = await MemoryUsers(made.people).register(NewUser("ana@example.test", "ana", "hash", None))
    yield made
    await made.authenticator.close()


async def test_one_tick_of_tokens_is_one_look_up(house: House) -> None:
    """Many tokens at once, known and unknown, cost one round trip, and then none."""
    tokens = [await house.token() for _ in range(3)]
    found = await asyncio.gather(*(house.authenticator.authenticate(token) for token in tokens))
    assert {identity.user.id for identity in found} == {house.ana.id}
    assert house.sessions.asked == [3]
    await house.authenticator.authenticate(tokens[0])
    assert house.sessions.asked == [3]


async def test_memory_ends_after_its_time(house: House) -> None:
    """What nobody told is seen when the memory runs out."""
    token = await house.token()
    identity = await house.authenticator.authenticate(token)
    await house.sessions.revoke(house.ana.id, identity.session_id)
    house.now_s += LIMITS.token_cache_s - 1
    assert await house.authenticator.authenticate(token) == identity
    house.now_s += 2
    assert await house.refused(token) == "auth.required"


async def test_whoever_shows_the_user_may_ask_for_a_younger_memory(house: House) -> None:
    """A name that was changed elsewhere is shown as it is now; others go on with what is remembered."""
    token = await house.token()
    await house.authenticator.authenticate(token)
    await MemoryUsers(house.people).change(house.ana.id, ProfileChange(display_name="Ana the Great"))
    house.now_s += 1
    assert (await house.authenticator.authenticate(token)).user.display_name is None
    assert (await house.authenticator.authenticate(token, max_age_s=2)).user.display_name is None
    fresh = await house.authenticator.authenticate(token, max_age_s=1)
    assert fresh.user.display_name == "Ana the Great"


async def test_forgotten_session_is_asked_for_anew(house: House) -> None:
    """A revocation that was told holds at once."""
    token = await house.token()
    identity = await house.authenticator.authenticate(token)
    await house.sessions.revoke(house.ana.id, identity.session_id)
    house.authenticator.invalidate(identity.session_id)
    house.authenticator.invalidate("unknown")
    assert await house.refused(token) == "auth.required"


async def test_revocation_beats_a_look_up_under_way(house: House) -> None:
    """A look-up that read before the revocation neither lets in nor is remembered."""
    token = await house.token()
    (session,) = await house.sessions.list(house.ana.id)
    house.sessions.door.clear()
    asking = asyncio.ensure_future(house.refused(token))
    await until(lambda: house.sessions.asked)
    await house.sessions.revoke(house.ana.id, session.id)
    house.authenticator.invalidate(session.id)
    house.sessions.door.set()
    assert await asking == "auth.required"
    assert await house.refused(token) == "auth.required"


async def test_a_change_beside_a_look_up_is_no_revocation(house: House) -> None:
    """Who is asked for while their name changes is let in, with the new name."""
    token = await house.token()
    (session,) = await house.sessions.list(house.ana.id)
    house.sessions.door.clear()
    asking = asyncio.ensure_future(house.authenticator.authenticate(token))
    await until(lambda: house.sessions.asked)
    await MemoryUsers(house.people).change(house.ana.id, ProfileChange(display_name="Anna"))
    house.authenticator.invalidate(session.id)
    house.sessions.door.set()
    assert (await asking).user.display_name == "Anna"


async def test_expired_is_told_from_unknown(house: House) -> None:
    """Out of time is `auth.expired`; never heard of is `auth.required`; nonsense asks no store."""
    assert await house.refused(await house.token(-1)) == "auth.expired"
    assert await house.refused(new_token()) == "auth.required"
    asked = len(house.sessions.asked)
    for odd in ("", "x", "x" * 42, "x" * 44, "ü" * 43, "x" * 42 + "\n"):
        assert await house.refused(odd) == "auth.required"
    assert len(house.sessions.asked) == asked


async def test_a_remembered_token_expires_on_time(house: House) -> None:
    """The memory never outlives the session."""
    token = await house.token(3600)
    await house.authenticator.authenticate(token)
    (kept,) = house.people.sessions.values()
    house.people.sessions[kept.id] = msgspec.structs.replace(kept, expires_at=datetime.now(UTC))
    (entry,) = house.authenticator._cache.values()
    hashed = hash_token(token) or ""
    late = msgspec.structs.replace(entry.identity, expires_at=datetime.now(UTC))
    house.authenticator._cache[hashed] = msgspec.structs.replace(entry, identity=late)
    assert await house.refused(token) == "auth.expired"


async def test_memory_is_bounded(house: House) -> None:
    """The oldest goes when a new one comes to a full memory."""
    for _ in range(LIMITS.token_cache_entries + 2):
        await house.authenticator.authenticate(await house.token())
    assert (
        len(house.authenticator._cache)
        == len(house.authenticator._hash_by_session_id)
        == LIMITS.token_cache_entries
    )


async def test_what_has_run_out_is_forgotten_as_others_come(house: House) -> None:
    """Those of the last rush do not stay: two go for each that comes, and none that still holds."""
    for _ in range(LIMITS.token_cache_entries - 1):
        await house.authenticator.authenticate(await house.token())
    house.now_s += LIMITS.token_cache_s
    for left in (1, 2, 3):
        await house.authenticator.authenticate(await house.token())
        assert len(house.authenticator._cache) == len(house.authenticator._hash_by_session_id) == left


async def test_store_that_is_down_is_a_reason_to_come_back(house: House) -> None:
    """No store, no answer: 503, not 401; what is remembered still works."""
    known, other = await house.token(), await house.token()
    await house.authenticator.authenticate(known)
    house.sessions.down = True
    assert await house.refused(other) == "server.unavailable"
    assert (await house.authenticator.authenticate(known)).user == house.ana


async def test_use_prolongs_a_session_once_in_a_while(house: House) -> None:
    """A session last prolonged long ago is prolonged once, however often it is used."""
    token = await house.token()
    await house.authenticator.authenticate(token)
    assert house.sessions.touched == []
    (session,) = house.people.sessions.values()
    earlier = session.expires_at - timedelta(seconds=TOKEN_TOUCH_INTERVAL_S + 60)
    house.people.sessions[session.id] = msgspec.structs.replace(session, expires_at=earlier)
    for _ in range(3):
        house.now_s += LIMITS.token_cache_s + 1
        await house.authenticator.authenticate(token)
        await asyncio.gather(*house.authenticator._touch_tasks)
    assert house.sessions.touched == [session.id]
    assert house.people.sessions[session.id].expires_at > earlier + timedelta(seconds=TOKEN_TOUCH_INTERVAL_S)


async def test_session_at_its_greatest_age_is_not_prolonged_at_every_look(house: House) -> None:
    """A session whose end cannot move looks due for ever, and is told so once in a while only."""
    token = await house.token()
    (session,) = house.people.sessions.values()
    began = datetime.now(UTC) - timedelta(seconds=TOKEN_LIFETIME_MAX_S - 10 * TOKEN_TOUCH_INTERVAL_S)
    end = began + timedelta(seconds=TOKEN_LIFETIME_MAX_S)
    old = msgspec.structs.replace(session, created_at=began, expires_at=end)
    house.people.sessions[session.id] = old
    for _ in range(3):
        house.now_s += LIMITS.token_cache_s + 1
        await house.authenticator.authenticate(token)
        await asyncio.gather(*house.authenticator._touch_tasks)
    assert house.sessions.touched == [session.id]
    assert house.people.sessions[session.id].expires_at == end
    house.now_s += TOKEN_TOUCH_INTERVAL_S
    await house.authenticator.authenticate(token)
    await asyncio.gather(*house.authenticator._touch_tasks)
    assert len(house.sessions.touched) == 2

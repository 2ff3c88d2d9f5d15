"""Contracts of `UserStore`, `SessionStore` and `LoginStore`, in memory and on PostgreSQL."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from storage.contracts.users import (
    LoginStore,
    NewUser,
    ProfileChange,
    SessionState,
    SessionStore,
    UserRecord,
    UserStore,
)
from storage.errors import Conflict, Missing
from storage.memory.users import MemoryLogins, MemorySessions, MemoryUsers, UserTables
from storage.postgres.logins import PostgresLogins
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers

LIFETIME_S = 3600


@dataclass
class UserStores:
    users: UserStore
    sessions: SessionStore
    logins: LoginStore

    async def register_user(self, username: str, display_name: str | None = None) -> UserRecord:
        return await self.users.register(
            NewUser(f"{username}@example.test", username, f"hash of {username}", display_name)
        )


@pytest.fixture(params=["memory", "postgres"])
def backing(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("users_url") if request.param == "postgres" else None


@pytest.fixture
async def people(backing: str | None) -> AsyncIterator[UserStores]:
    if backing is None:
        memory = UserTables()
        yield UserStores(MemoryUsers(memory), MemorySessions(memory), MemoryLogins(memory))
        return
    pool = PostgresPool(backing)
    await pool.open()
    yield UserStores(PostgresUsers(pool), PostgresSessions(pool), PostgresLogins(pool))
    await pool.close()


async def test_registered_user_is_found_by_every_key(people: UserStores) -> None:
    """The record is the same by id, by username and by login."""
    ana = await people.register_user("ana", "Ana")
    assert await people.users.find([ana.id]) == [ana]
    assert await people.users.by_username("ANA") == ana
    by_name = await people.users.credentials("aNa")
    by_email = await people.users.credentials("ANA@Example.Test")
    assert by_name is not None
    assert by_name == by_email == await people.users.credentials_of(ana.id)
    assert (by_name.user, by_name.password_hash) == (ana, "hash of ana")


async def test_email_keeps_its_case(people: UserStores) -> None:
    """It is returned as entered."""
    ana = await people.users.register(NewUser("Ana.B@example.test", "ana", "hash", None))
    assert ana.email == "Ana.B@example.test"


@pytest.mark.parametrize(
    ("email", "username", "constraint"),
    [
        ("ANA@example.test", "other", "users_email_key"),
        ("ana@example.test", "other", "users_email_key"),
        ("other@example.test", "Ana", "users_username_key"),
        ("other@example.test", "ana", "users_username_key"),
    ],
)
async def test_taken_names_conflict_case_insensitively(
    people: UserStores, email: str, username: str, constraint: str
) -> None:
    """The constraint says which name is taken."""
    await people.register_user("ana")
    with pytest.raises(Conflict) as refused:
        await people.users.register(NewUser(email, username, "hash", None))
    assert refused.value.constraint == constraint


async def test_concurrent_registrations_of_one_name_create_one_user(people: UserStores) -> None:
    """Also in different cases."""
    spellings = ["ana", "ANA", "Ana", "aNa", "anA", "AnA", "ANa", "aNA"]
    outcomes = await asyncio.gather(
        *(
            people.users.register(NewUser(f"{number}@example.test", name, "hash", None))
            for number, name in enumerate(spellings)
        ),
        return_exceptions=True,
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, UserRecord)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(won) == 1
    assert {refused.constraint for refused in lost} == {"users_username_key"}
    assert len(lost) == len(spellings) - 1


async def test_unknown_users_are_absent(people: UserStores) -> None:
    """Unknown and malformed ids and names match no user."""
    ana = await people.register_user("ana")
    odd = ["", "no id", str(uuid.uuid4()), ana.id.upper(), ana.id.replace("-", ""), f"{{{ana.id}}}"]
    assert await people.users.find(odd) == []
    assert await people.users.find([]) == []
    assert await people.users.by_username("nobody") is None
    assert await people.users.credentials("nobody") is None
    assert await people.users.credentials("nobody@example.test") is None
    assert await people.users.credentials_of("no id") is None


async def test_find_returns_each_user_once(people: UserStores) -> None:
    """A repeated id gives one record."""
    ana, ben = await people.register_user("ana"), await people.register_user("ben")
    found = await people.users.find([ana.id, ben.id, ana.id, str(uuid.uuid4())])
    assert sorted(found, key=lambda user: user.username) == [ana, ben]


async def test_change_sets_and_clears_only_named_fields(people: UserStores) -> None:
    """None clears a field."""
    ana = await people.register_user("ana", "Ana")
    url = "https://example.test/a.png"
    changed = await people.users.change(ana.id, ProfileChange(bio="hello", avatar_url=url))
    assert (changed.display_name, changed.bio, changed.avatar_url) == ("Ana", "hello", url)
    cleared = await people.users.change(ana.id, ProfileChange(display_name=None, username="anna"))
    assert (cleared.display_name, cleared.bio, cleared.username) == (None, "hello", "anna")
    assert await people.users.find([ana.id]) == [cleared]


async def test_change_cannot_take_another_users_name(people: UserStores) -> None:
    """The case of the own name can change; a conflict writes nothing."""
    ana = await people.register_user("ana")
    await people.register_user("ben")
    with pytest.raises(Conflict, match="users_username_key"):
        await people.users.change(ana.id, ProfileChange(username="Ben", bio="lost"))
    with pytest.raises(Conflict, match="users_email_key"):
        await people.users.change(ana.id, ProfileChange(email="BEN@example.test"))
    assert await people.users.find([ana.id]) == [ana]
    assert (await people.users.change(ana.id, ProfileChange(email="ANA@example.test"))).email.isascii()


async def test_change_of_an_unknown_user_is_missing(people: UserStores) -> None:
    """For unknown and malformed ids."""
    for user_id in (str(uuid.uuid4()), "no id"):
        with pytest.raises(Missing):
            await people.users.change(user_id, ProfileChange(bio="hello"))


async def test_search_finds_prefixes_of_both_names_in_order(people: UserStores) -> None:
    """Case-insensitive, each user once, ordered by username."""
    await people.register_user("anton", "Anton A")
    await people.register_user("ben", "ANdrea")
    await people.register_user("carl", "Dan")
    await people.register_user("an_1")
    await people.register_user("an.1", "Élan")
    found = await people.users.search("An", None, 10)
    assert [user.username for user in found] == ["an.1", "an_1", "anton", "ben"]
    assert [user.username for user in await people.users.search("éL", None, 10)] == ["an.1"]
    assert await people.users.search("zz", None, 10) == []
    pair = await people.users.search("An", None, 2, [found[0].id, found[2].id])
    assert [user.username for user in pair] == ["an_1", "ben"]


@pytest.mark.parametrize("prefix", ["%", "_", "\\", "z%", "\U0010ffff"])
async def test_search_escapes_wildcards(people: UserStores, prefix: str) -> None:
    """Characters with a meaning in SQL match literally."""
    await people.register_user("ana", "Ana")
    assert await people.users.search(prefix, None, 10) == []


async def test_search_pages_join_without_gap_or_repeat(people: UserStores) -> None:
    """Paging by the last key returns each user once, for any limit."""
    for number in range(7):
        await people.register_user(f"u{number}", f"P{6 - number}" if number % 2 else None)
        await people.register_user(f"x{number}", f"U {number}")
    seen: list[str] = []
    after: tuple[str, str] | None = None
    while page := await people.users.search("u", after, 3):
        assert len(page) <= 3
        assert len(seen) < 14
        seen += [user.username for user in page]
        after = (page[-1].username, page[-1].id)
    assert seen == [f"u{number}" for number in range(7)] + [f"x{number}" for number in range(7)]


async def test_session_identifies_its_user(people: UserStores) -> None:
    """By token hash until the session ends; a batch returns each token's user."""
    ana, ben = await people.register_user("ana"), await people.register_user("ben")
    one = await people.sessions.open(ana.id, "a" * 64, LIFETIME_S)
    two = await people.sessions.open(ben.id, "b" * 64, LIFETIME_S)
    assert (one.expires_at - one.created_at).total_seconds() == LIFETIME_S
    found = await people.sessions.identities(["a" * 64, "b" * 64, "c" * 64])
    assert {hashed: (who.session_id, who.user) for hashed, who in found.items()} == {
        "a" * 64: (one.id, ana),
        "b" * 64: (two.id, ben),
    }
    assert found["a" * 64].expires_at == one.expires_at


async def test_session_keeps_its_device(people: UserStores) -> None:
    """The name is returned and listed; it may be missing."""
    ana = await people.register_user("ana")
    phone = await people.sessions.open(ana.id, "a" * 64, LIFETIME_S, "Firefox on Android")
    unknown = await people.sessions.open(ana.id, "b" * 64, LIFETIME_S)
    assert (phone.device, unknown.device) == ("Firefox on Android", None)
    listed = {session.id: session.device for session in await people.sessions.list(ana.id)}
    assert listed == {phone.id: "Firefox on Android", unknown.id: None}


async def test_session_of_an_unknown_user_is_missing(people: UserStores) -> None:
    """A session belongs to an existing user."""
    for user_id in (str(uuid.uuid4()), "no id"):
        with pytest.raises(Missing):
            await people.sessions.open(user_id, "a" * 64, LIFETIME_S)
    assert await people.sessions.identities(["a" * 64]) == {}


async def test_expired_session_is_absent_but_known_as_expired(people: UserStores) -> None:
    """It identifies no user and is not listed, but differs from an unknown one."""
    ana = await people.register_user("ana")
    session = await people.sessions.open(ana.id, "a" * 64, -1)
    await people.sessions.open(ana.id, "b" * 64, LIFETIME_S)
    await people.sessions.touch(session.id, LIFETIME_S, LIFETIME_S)
    assert list(await people.sessions.identities(["a" * 64])) == []
    assert len(await people.sessions.list(ana.id)) == 1
    assert await people.logins.find_expired(["a" * 64, "b" * 64, "c" * 64]) == {"a" * 64}


async def test_touch_extends_up_to_the_maximum_lifetime(people: UserStores) -> None:
    """From now, at most to the maximum after the creation."""
    ana = await people.register_user("ana")
    session = await people.sessions.open(ana.id, "a" * 64, 10)
    await people.sessions.touch(session.id, LIFETIME_S, 2 * LIFETIME_S)
    (longer,) = await people.sessions.list(ana.id)
    assert (longer.expires_at - longer.last_used_at).total_seconds() == LIFETIME_S
    await people.sessions.touch(session.id, LIFETIME_S, 60)
    (capped,) = await people.sessions.list(ana.id)
    assert (capped.expires_at - capped.created_at).total_seconds() == 60
    await people.sessions.touch(str(uuid.uuid4()), LIFETIME_S, LIFETIME_S)


async def test_sessions_are_listed_by_latest_use(people: UserStores) -> None:
    """Most recently used first, without those of others."""
    ana, ben = await people.register_user("ana"), await people.register_user("ben")
    first = await people.sessions.open(ana.id, "a" * 64, LIFETIME_S)
    second = await people.sessions.open(ana.id, "b" * 64, LIFETIME_S)
    await people.sessions.open(ben.id, "c" * 64, LIFETIME_S)
    await people.sessions.touch(first.id, LIFETIME_S, LIFETIME_S)
    assert [session.id for session in await people.sessions.list(ana.id)] == [first.id, second.id]


async def test_states_leave_out_ended_sessions(people: UserStores) -> None:
    """Revoked, expired and unknown sessions are absent; others have their expiry."""
    ana = await people.register_user("ana")
    valid = await people.sessions.open(ana.id, "a" * 64, LIFETIME_S)
    revoked = await people.sessions.open(ana.id, "b" * 64, LIFETIME_S)
    expired = await people.sessions.open(ana.id, "c" * 64, 0)
    await people.sessions.revoke(ana.id, revoked.id)
    ids = [valid.id, revoked.id, expired.id, str(uuid.uuid4())]
    assert await people.sessions.states(ids) == {valid.id: SessionState(valid.expires_at)}
    assert await people.sessions.states([]) == {}


async def test_revoke_ends_only_own_sessions(people: UserStores) -> None:
    """Another user's session stays; an own one ends once."""
    ana, ben = await people.register_user("ana"), await people.register_user("ben")
    session = await people.sessions.open(ana.id, "a" * 64, LIFETIME_S)
    assert not await people.sessions.revoke(ben.id, session.id)
    assert not await people.sessions.revoke(ana.id, "no id")
    assert await people.sessions.revoke(ana.id, session.id)
    assert not await people.sessions.revoke(ana.id, session.id)
    assert await people.sessions.identities(["a" * 64]) == {}


async def test_new_password_ends_all_other_sessions(people: UserStores) -> None:
    """The given session stays; the user's others end and are returned."""
    ana, ben = await people.register_user("ana"), await people.register_user("ben")
    kept = await people.sessions.open(ana.id, "a" * 64, LIFETIME_S)
    ended = [(await people.sessions.open(ana.id, hashed * 64, LIFETIME_S)).id for hashed in "bc"]
    await people.sessions.open(ben.id, "d" * 64, LIFETIME_S)
    payload = await people.users.change_password(ana.id, "new hash", kept.id)
    assert sorted(payload) == sorted(ended)
    found = await people.sessions.identities([hashed * 64 for hashed in "abcd"])
    assert found.keys() == {"a" * 64, "d" * 64}
    credentials = await people.users.credentials_of(ana.id)
    assert credentials is not None
    assert credentials.password_hash == "new hash"


async def test_rehash_keeps_a_changed_password(people: UserStores) -> None:
    """A hash is replaced only if unchanged; no session ends."""
    ana = await people.register_user("ana")
    await people.sessions.open(ana.id, "a" * 64, LIFETIME_S)
    await people.logins.replace_password_hash(ana.id, "another hash", "lost")
    await people.logins.replace_password_hash(ana.id, "hash of ana", "renewed")
    credentials = await people.users.credentials_of(ana.id)
    assert credentials is not None
    assert credentials.password_hash == "renewed"
    assert len(await people.sessions.identities(["a" * 64])) == 1


async def test_concurrent_login_does_not_survive_a_password_change(people: UserStores) -> None:
    """Its session is ended by the change, or it sees the new hash."""
    ana = await people.register_user("ana")
    for number in range(20):
        hashed = f"{number:064d}"

        async def log_in(hashed: str = hashed) -> bool:
            await people.sessions.open(ana.id, hashed, LIFETIME_S)
            credentials = await people.users.credentials_of(ana.id)
            return credentials is not None and credentials.password_hash == f"hash {number}"  # noqa: B023

        change = people.users.change_password(ana.id, f"hash {number}", str(uuid.uuid4()))
        saw_new, _ = await asyncio.gather(log_in(), change)
        assert saw_new or await people.sessions.identities([hashed]) == {}
        with contextlib.suppress(Conflict):
            await people.users.change_password(ana.id, "reset", str(uuid.uuid4()))


async def test_the_oldest_sessions_are_ended(people: UserStores) -> None:
    """Only the most recently used ones of that user are kept."""
    ana, ben = await people.register_user("ana"), await people.register_user("ben")
    opened = [(await people.sessions.open(ana.id, hashed * 64, LIFETIME_S)).id for hashed in "abcd"]
    await people.sessions.open(ben.id, "e" * 64, LIFETIME_S)
    await people.sessions.touch(opened[0], LIFETIME_S, LIFETIME_S)
    assert await people.sessions.end_oldest(ana.id, 4) == []
    assert sorted(await people.sessions.end_oldest(ana.id, 2)) == sorted(opened[1:3])
    found = await people.sessions.identities([hashed * 64 for hashed in "abcde"])
    assert found.keys() == {"a" * 64, "d" * 64, "e" * 64}

"""People by the thousand: made at once, told of as any others, and known by their tokens."""

import uuid
from pathlib import Path

import pytest

from actors.accounts.tokens import hash_token, new_token
from loadtest.people.users_file import Person, Unreadable, read_users, write_users
from storage.contracts.domain_events import Cursor
from storage.errors import Conflict
from storage.postgres.bulk_users import PostgresBulkUsers
from storage.postgres.outbox import PostgresOutbox
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.loadtest.conftest import LIFETIME_S, newcomer

COUNT = 300


@pytest.fixture
def newcomers_to_be() -> list[Person]:
    return [Person(str(uuid.uuid4()), new_token()) for _ in range(COUNT)]


async def test_a_crowd_is_logged_in_and_told_of(
    users_pool: PostgresPool, sessions: PostgresSessions, newcomers_to_be: list[Person]
) -> None:
    """Each token speaks for its user, and the feed has one `user.created` for each."""
    some = [newcomer(person, f"load_{number}") for number, person in enumerate(newcomers_to_be)]

    assert await PostgresBulkUsers(users_pool).insert_users(some, LIFETIME_S) == COUNT

    hashes = {hash_token(person.token) or "": person.id for person in newcomers_to_be}
    found = await sessions.identities(list(hashes))
    assert {known_by: identity.user.id for known_by, identity in found.items()} == hashes
    batch = await PostgresOutbox(users_pool).read(Cursor(""), COUNT + 1)
    assert {(event.type, event.key) for event in batch} == {
        ("user.created", person.id) for person in newcomers_to_be
    }


async def test_nobody_of_a_crowd_has_a_password(
    users_pool: PostgresPool, users: PostgresUsers, newcomers_to_be: list[Person]
) -> None:
    """What stands in its place is the hash of nothing."""
    await PostgresBulkUsers(users_pool).insert_users([newcomer(newcomers_to_be[0], "load_0")], LIFETIME_S)
    credentials = await users.credentials("load_0")

    assert credentials is not None
    assert credentials.password_hash == "!"


async def test_a_crowd_comes_whole_or_not_at_all(
    users_pool: PostgresPool, sessions: PostgresSessions, newcomers_to_be: list[Person]
) -> None:
    """One name that is taken keeps all of them out."""
    one, other, another = newcomers_to_be[:3]
    store = PostgresBulkUsers(users_pool)
    await store.insert_users([newcomer(one, "load_0")], LIFETIME_S)

    with pytest.raises(Conflict):
        await store.insert_users([newcomer(other, "load_1"), newcomer(another, "LOAD_0")], LIFETIME_S)
    assert await sessions.identities([hash_token(other.token) or ""]) == {}


def test_tokens_are_for_their_owner_alone(tmp_path: Path, newcomers_to_be: list[Person]) -> None:
    """The file is written 0600, whatever was there, and not read where others could."""
    file = tmp_path / "users.json"
    file.write_text("old")
    file.chmod(0o644)
    write_users(file, newcomers_to_be)

    assert file.stat().st_mode & 0o777 == 0o600
    assert read_users(file) == newcomers_to_be
    file.chmod(0o640)
    with pytest.raises(Unreadable):
        read_users(file)
    with pytest.raises(Unreadable):
        read_users(tmp_path / "none.json")

"""Bulk users have tokens and events like registered users; the users file is private."""

import uuid
from pathlib import Path

import pytest

from actors.accounts.tokens import hash_token, new_token
from loadtest.accounts.users_file import LoadUser, UnreadableUsersFile, read_users, write_users
from storage.contracts.domain_events import Cursor
from storage.errors import Conflict
from storage.postgres.bulk_users import PostgresBulkUsers
from storage.postgres.outbox import PostgresOutbox
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.loadtest.conftest import LIFETIME_S, bulk_user

USER_COUNT = 300


@pytest.fixture
def new_users() -> list[LoadUser]:
    return [LoadUser(str(uuid.uuid4()), new_token()) for _ in range(USER_COUNT)]


async def test_bulk_users_have_tokens_and_user_created_events(
    users_pool: PostgresPool, sessions: PostgresSessions, new_users: list[LoadUser]
) -> None:
    """Each token authenticates its user, and the outbox has one `user.created` per user."""
    bulk_users = [bulk_user(user, f"load_{number}") for number, user in enumerate(new_users)]

    assert await PostgresBulkUsers(users_pool).insert_users(bulk_users, LIFETIME_S) == USER_COUNT

    ids_by_hash = {hash_token(user.token) or "": user.id for user in new_users}
    identities = await sessions.identities(list(ids_by_hash))
    assert {token_hash: identity.user.id for token_hash, identity in identities.items()} == ids_by_hash
    batch = await PostgresOutbox(users_pool).read(Cursor(""), USER_COUNT + 1)
    assert {(event.type, event.key) for event in batch} == {("user.created", user.id) for user in new_users}


async def test_bulk_users_have_no_password(
    users_pool: PostgresPool, users: PostgresUsers, new_users: list[LoadUser]
) -> None:
    """The password hash is a placeholder that matches no password."""
    await PostgresBulkUsers(users_pool).insert_users([bulk_user(new_users[0], "load_0")], LIFETIME_S)
    credentials = await users.credentials("load_0")

    assert credentials is not None
    assert credentials.password_hash == "!"


async def test_bulk_insert_is_atomic(
    users_pool: PostgresPool, sessions: PostgresSessions, new_users: list[LoadUser]
) -> None:
    """One taken username rolls back the whole batch."""
    existing, new, conflicting = new_users[:3]
    store = PostgresBulkUsers(users_pool)
    await store.insert_users([bulk_user(existing, "load_0")], LIFETIME_S)

    with pytest.raises(Conflict):
        await store.insert_users([bulk_user(new, "load_1"), bulk_user(conflicting, "LOAD_0")], LIFETIME_S)
    assert await sessions.identities([hash_token(new.token) or ""]) == {}


def test_users_file_is_readable_by_its_owner_only(tmp_path: Path, new_users: list[LoadUser]) -> None:
    """The file is always written with mode 0600, and rejected if others can read it."""
    file = tmp_path / "users.json"
    file.write_text("old")
    file.chmod(0o644)
    write_users(file, new_users)

    assert file.stat().st_mode & 0o777 == 0o600
    assert read_users(file) == new_users
    file.chmod(0o640)
    with pytest.raises(UnreadableUsersFile):
        read_users(file)
    with pytest.raises(UnreadableUsersFile):
        read_users(tmp_path / "none.json")

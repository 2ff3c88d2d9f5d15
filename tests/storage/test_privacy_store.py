"""Contract of `PrivacyStore`."""

import pytest

from storage.contracts.privacy import PrivacyRecord
from storage.contracts.users import NewUser
from storage.errors import Missing
from storage.postgres.privacy import PostgresPrivacy
from storage.postgres.users import PostgresUsers
from tests.storage.service_database import ServiceDatabase, random_id


def new_user() -> NewUser:
    name = f"u{random_id()[:8]}"
    return NewUser(f"{name}@example.test", name, "hash", None)


async def test_settings_start_as_configured_and_change_one_by_one(users_database: ServiceDatabase) -> None:
    """None keeps a value; without settings everyone is allowed; an unknown user has none to change."""
    users_pool = users_database.instance_a.pool
    privacy = PostgresPrivacy(users_pool)
    open_ = await PostgresUsers(users_pool).register(new_user())
    closed = await PostgresUsers(users_pool, PrivacyRecord("known", "nobody")).register(new_user())
    assert await privacy.get(open_.id) == PrivacyRecord("everyone", "everyone")
    assert await privacy.get(closed.id) == PrivacyRecord("known", "nobody")
    assert await privacy.change(open_.id, "nobody", None) == PrivacyRecord("nobody", "everyone")
    assert await privacy.change(open_.id, None, "known") == PrivacyRecord("nobody", "known")
    assert await privacy.get(open_.id) == PrivacyRecord("nobody", "known")
    with pytest.raises(Missing):
        await privacy.change(random_id(), "known", "known")


async def test_only_restricting_settings_are_listed(users_database: ServiceDatabase) -> None:
    """Users who allow everyone are absent, also those who chose it; so are unknown ones."""
    users_pool = users_database.instance_a.pool
    privacy = PostgresPrivacy(users_pool)
    one, other = [await PostgresUsers(users_pool).register(new_user()) for _ in range(2)]
    await privacy.change(one.id, "known", None)
    await privacy.change(other.id, "everyone", "everyone")
    listed = await privacy.list_restricted([one.id, other.id, random_id(), "nonsense"])
    assert listed == {one.id: PrivacyRecord("known", "everyone")}

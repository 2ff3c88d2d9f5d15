"""Contract of `UserSnapshotStore`: versions, published events and reads."""

import asyncio
from typing import Any

import pytest

from storage.contracts.moderation import ActionType
from storage.contracts.user_cache import UserSnapshot
from storage.contracts.users import NewUser, ProfileChange, UserRecord
from storage.postgres.sessions import PostgresSessions
from storage.postgres.user_snapshots import PostgresUserSnapshots
from storage.postgres.users import PostgresUsers
from tests.moderation import act_on_user
from tests.storage.service_database import ServiceDatabase, random_id

CARD = {"id", "username", "display_name", "avatar_url", "verified", "private", "version"}
SECRETS = ("secret.example", "hash of", "a private bio", "a" * 64, "email", "password", "token", "bio")


@pytest.fixture
def users(users_database: ServiceDatabase) -> PostgresUsers:
    return PostgresUsers(users_database.instance_a.pool)


@pytest.fixture
def people(users_database: ServiceDatabase) -> PostgresUserSnapshots:
    return PostgresUserSnapshots(users_database.instance_a.pool)


@pytest.fixture
async def ana(users: PostgresUsers) -> UserRecord:
    return await register_user(users, "ana")


async def register_user(users: PostgresUsers, name: str) -> UserRecord:
    return await users.register(NewUser(f"{name}@secret.example", name, f"hash of {name}", None))


async def get_version(people: PostgresUserSnapshots, user: UserRecord) -> int:
    (copy,) = await people.find([user.id])
    return copy.version


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (ProfileChange(username="anna"), True),
        (ProfileChange(username="Ana"), True),
        (ProfileChange(display_name="Ana"), True),
        (ProfileChange(avatar_url="https://example.test/a.png"), True),
        (ProfileChange(display_name="Ana", bio="a private bio"), True),
        (ProfileChange(display_name=None, avatar_url=None, username="ana"), False),
        (ProfileChange(private=True), True),
        (ProfileChange(private=False), False),
        (ProfileChange(bio="a private bio"), False),
        (ProfileChange(email="ana2@secret.example"), False),
        (ProfileChange(), False),
    ],
)
async def test_version_counts_changes_of_public_fields(
    users_database: ServiceDatabase,
    users: PostgresUsers,
    people: PostgresUserSnapshots,
    ana: UserRecord,
    change: ProfileChange,
    counts: bool,
) -> None:
    """Changes of other fields, or to equal values, are neither counted nor published."""
    assert await get_version(people, ana) == 1
    changed = await users.change(ana.id, change)
    assert await get_version(people, ana) == 1 + counts
    received = await users_database.outbox_rows("user.updated")
    assert len(received) == counts
    for one in received:
        assert one.key == ana.id
        assert one.payload == {
            "id": ana.id,
            "username": changed.username,
            "display_name": changed.display_name,
            "avatar_url": changed.avatar_url,
            "verified": False,
            "private": changed.private,
            "version": 2,
        }


async def test_version_cannot_be_set(
    users_database: ServiceDatabase, people: PostgresUserSnapshots, ana: UserRecord
) -> None:
    """It increases by one with a change of a public field, whatever else is written."""
    await users_database.sql.execute("UPDATE users SET verified = TRUE, version = 77")
    assert await get_version(people, ana) == 2
    (received,) = await users_database.outbox_rows("user.updated")
    assert (received.payload["verified"], received.payload["version"]) == (True, 2)


async def test_concurrent_changes_have_different_versions(
    users_database: ServiceDatabase, users: PostgresUsers, people: PostgresUserSnapshots, ana: UserRecord
) -> None:
    """Each of twenty changes has its own; the highest is stored."""
    await asyncio.gather(*(users.change(ana.id, ProfileChange(display_name=f"Ana {n}")) for n in range(20)))
    received = await users_database.outbox_rows("user.updated")
    assert [one.payload["version"] for one in received] == list(range(2, 22))
    (copy,) = await people.find([ana.id])
    assert (copy.version, copy.display_name) == (21, received[-1].payload["display_name"])


async def test_user_events_contain_public_fields_only(
    users_database: ServiceDatabase, users: PostgresUsers, people: PostgresUserSnapshots, ana: UserRecord
) -> None:
    """On creation, change and deletion; no address, password, session or bio."""
    sessions = PostgresSessions(users_database.instance_a.pool)
    pool = users_database.instance_a.pool
    session = await sessions.open(ana.id, "a" * 64, 60)
    await users.change(ana.id, ProfileChange(bio="a private bio", email="other@secret.example"))
    await users.change(ana.id, ProfileChange(display_name="Ana"))
    await users.change_password(ana.id, "another hash of ana", session.id)
    await act_on_user(pool, ana.id, ActionType.BAN)
    await act_on_user(pool, ana.id, ActionType.UNBAN)
    await sessions.open(ana.id, "b" * 64, 60)
    assert await people.delete(ana.id) is not None
    received = await users_database.outbox_rows()
    assert [one.type for one in received] == [
        "user.created",
        "user.updated",
        "moderation.acted",
        "moderation.acted",
        "user.deleted",
    ]
    acted = {"id", "user_id", "type", "target_kind", "reason"}
    assert [set(one.payload) for one in received] == [CARD, CARD, acted, acted, {"id", "version"}]
    versions = [one.payload["version"] for one in received if one.type.startswith("user.")]
    assert versions == [1, 2, 3]
    rows = await users_database.sql.fetch("SELECT outbox::text AS said FROM outbox")
    for row in rows:
        assert not [secret for secret in SECRETS if secret in row["said"]]


async def test_snapshots_are_found_and_paged(
    users: PostgresUsers, people: PostgresUserSnapshots, ana: UserRecord
) -> None:
    """Those that exist, each once; pages are in id order."""
    all_users = [ana, *[await register_user(users, name) for name in ("ben", "cai", "dan")]]
    cards = {
        one.id: UserSnapshot(one.id, one.username, None, None, verified=False, version=1) for one in all_users
    }
    asked = [ana.id, ana.id, random_id(), "no id", ana.id.upper()]
    assert await people.find(asked) == [cards[ana.id]]
    assert await people.find([]) == []
    for limit in (1, 3, 100):
        seen: list[UserSnapshot] = []
        while some := await people.page(seen[-1].id if seen else "", limit):
            seen += some
        assert seen == [cards[one] for one in sorted(cards)]


async def test_delete_returns_the_ended_sessions(
    users_database: ServiceDatabase, users: PostgresUsers, people: PostgresUserSnapshots, ana: UserRecord
) -> None:
    """Once; sessions of other users stay."""
    sessions = PostgresSessions(users_database.instance_a.pool)
    ben = await register_user(users, "ben")
    opened = [(await sessions.open(ana.id, mark * 64, 60)).id for mark in "ab"]
    await sessions.open(ben.id, "c" * 64, 60)
    ended = await people.delete(ana.id)
    assert sorted(ended or []) == sorted(opened)
    assert await people.delete(ana.id) is None
    assert await people.delete("no id") is None
    assert await people.find([ana.id]) == []
    assert await sessions.identities(["a" * 64, "b" * 64]) == {}
    assert len(await sessions.list(ben.id)) == 1


async def test_concurrent_deletes_delete_once(
    users_database: ServiceDatabase, people: PostgresUserSnapshots, ana: UserRecord
) -> None:
    """One call succeeds, and one event is published."""
    gone: list[Any] = await asyncio.gather(*(people.delete(ana.id) for _ in range(8)))
    assert [one for one in gone if one is not None] == [[]]
    assert len(await users_database.outbox_rows("user.deleted")) == 1

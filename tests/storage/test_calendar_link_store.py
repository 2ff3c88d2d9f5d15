"""Contract of `CalendarLinkStore`, and what ends a link."""

from collections.abc import Awaitable, Callable

import pytest

from storage.contracts.moderation import ActionType
from storage.contracts.users import NewUser, ProfileChange
from storage.errors import Missing
from storage.postgres.calendar_links import PostgresCalendarLinks
from storage.postgres.email_changes import PostgresEmailChanges
from storage.postgres.logins import PostgresLogins
from storage.postgres.mail_tokens import PostgresPasswordResets
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.moderation import act_on_user
from tests.storage.service_database import random_id

HASH, OTHER_HASH, TOKEN = "a" * 64, "b" * 64, "c" * 64


async def change_password(pool: PostgresPool, user_id: str) -> None:
    session = await PostgresSessions(pool).open(user_id, TOKEN, 60)
    await PostgresUsers(pool).change_password(user_id, "new hash", session.id)


async def reset_password(pool: PostgresPool, user_id: str) -> None:
    resets = PostgresPasswordResets(pool)
    assert await resets.issue("ana@example.test", TOKEN, 60, 3) is not None
    await resets.redeem(TOKEN, "new hash")


async def undo_email_change(pool: PostgresPool, user_id: str) -> None:
    changes = PostgresEmailChanges(pool, PostgresUsers(pool))
    await changes.change(user_id, ProfileChange(email="new@example.test"), TOKEN, 60, 3)
    await changes.undo(TOKEN, "new hash")


async def suspend(pool: PostgresPool, user_id: str) -> None:
    await act_on_user(pool, user_id, ActionType.SUSPEND)
    await act_on_user(pool, user_id, ActionType.UNSUSPEND)


async def ban(pool: PostgresPool, user_id: str) -> None:
    await act_on_user(pool, user_id, ActionType.BAN)
    await act_on_user(pool, user_id, ActionType.UNBAN)


async def silence(pool: PostgresPool, user_id: str) -> None:
    await act_on_user(pool, user_id, ActionType.SILENCE)


async def store_password_again(pool: PostgresPool, user_id: str) -> None:
    await PostgresLogins(pool).replace_password_hash(user_id, "old hash", "stronger hash of the same")


async def register(pool: PostgresPool) -> str:
    return (await PostgresUsers(pool).register(NewUser("ana@example.test", "ana", "old hash", None))).id


async def test_user_has_one_link(users_pool: PostgresPool) -> None:
    """A new one replaces it; deleting is idempotent; unknown users have none."""
    links, ana = PostgresCalendarLinks(users_pool), await register(users_pool)
    assert await links.get_created_at(ana) is None
    await links.set(ana, HASH)
    created_at = await links.set(ana, OTHER_HASH)
    assert await links.get_created_at(ana) == created_at
    assert [await links.find_user_id(one) for one in (HASH, OTHER_HASH)] == [None, ana]
    for _ in range(2):
        await links.delete(ana)
    assert await links.find_user_id(OTHER_HASH) is None
    with pytest.raises(Missing):
        await links.set(random_id(), HASH)


@pytest.mark.parametrize("end", [change_password, reset_password, undo_email_change, suspend, ban])
async def test_link_ends_with_what_ends_sessions(
    users_pool: PostgresPool, end: Callable[[PostgresPool, str], Awaitable[None]]
) -> None:
    """For good: a user who can log in again makes a new one. Links of others stay."""
    links, ana = PostgresCalendarLinks(users_pool), await register(users_pool)
    ben = await PostgresUsers(users_pool).register(NewUser("ben@example.test", "ben", "hash", None))
    await links.set(ana, HASH)
    await links.set(ben.id, OTHER_HASH)
    await end(users_pool, ana)
    assert await links.find_user_id(HASH) is None
    assert await links.get_created_at(ana) is None
    assert await links.find_user_id(OTHER_HASH) == ben.id


@pytest.mark.parametrize("act", [silence, store_password_again])
async def test_link_stays(
    users_pool: PostgresPool, act: Callable[[PostgresPool, str], Awaitable[None]]
) -> None:
    """Silenced users can read; a login may store the same password with a stronger hash."""
    links, ana = PostgresCalendarLinks(users_pool), await register(users_pool)
    await links.set(ana, HASH)
    await act(users_pool, ana)
    assert await links.find_user_id(HASH) == ana

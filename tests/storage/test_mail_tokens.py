"""Contracts of the e-mail token stores, and of bans."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from storage.contracts.mail_tokens import EmailVerificationStore, PasswordResetStore
from storage.contracts.moderation import ActionType
from storage.contracts.users import NO_END, NewUser, ProfileChange, UserRecord
from storage.errors import Conflict, Missing
from storage.postgres.email_changes import PostgresEmailChanges
from storage.postgres.mail_tokens import PostgresEmailVerifications, PostgresPasswordResets
from storage.postgres.moderation import PostgresModeration
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.statement import Statement
from storage.postgres.users import PostgresUsers
from tests.moderation import moderation_store, user_action

LIFETIME_S = 60
TOKEN = "a" * 64
INVALIDATIONS = {
    "late": "UPDATE mail_tokens SET expires_at = now()",
    "used": "UPDATE mail_tokens SET used_at = now()",
    "another address": "UPDATE users SET email = 'new@example.test'",
    "banned": "UPDATE users SET banned_at = now()",
    "nobody": "DELETE FROM users",
}


@dataclass
class MailTokenStores:
    users: PostgresUsers
    sessions: PostgresSessions
    resets: PasswordResetStore
    verifications: EmailVerificationStore
    moderation: PostgresModeration
    database: Any
    ana: UserRecord

    async def password(self) -> str | None:
        found: str | None = await self.database.fetchval("SELECT password_hash FROM users")
        return found

    async def verified(self) -> bool:
        return bool(await self.database.fetchval("SELECT email_verified_at FROM users"))


@pytest.fixture
async def kept(users_pool: PostgresPool, users_url: str) -> AsyncIterator[MailTokenStores]:
    """The stores, and one user."""
    users = PostgresUsers(users_pool)
    database = await asyncpg.connect(users_url)
    yield MailTokenStores(
        users,
        PostgresSessions(users_pool),
        PostgresPasswordResets(users_pool),
        PostgresEmailVerifications(users_pool),
        moderation_store(users_pool),
        database,
        await users.register(NewUser("ana@example.test", "ana", "old hash", None)),
    )
    await database.close()


async def test_redeem_returns_the_ended_sessions(kept: MailTokenStores) -> None:
    """The token is unknown afterwards."""
    opened = [await kept.sessions.open(kept.ana.id, mark * 64, 60) for mark in "bc"]
    assert await kept.resets.issue("ANA@Example.test", TOKEN, LIFETIME_S, 3) == kept.ana
    assert await kept.resets.find_owner(TOKEN) == kept.ana
    assert sorted(await kept.resets.redeem(TOKEN, "new hash")) == sorted(one.id for one in opened)
    assert await kept.password() == "new hash"
    assert await kept.resets.find_owner(TOKEN) is None
    with pytest.raises(Missing):
        await kept.resets.redeem(TOKEN, "another hash")
    assert await kept.password() == "new hash"


@pytest.mark.parametrize("invalidation", INVALIDATIONS)
async def test_invalid_reset_token_changes_nothing(kept: MailTokenStores, invalidation: str) -> None:
    """`redeem` checks the token itself."""
    await kept.resets.issue("ana@example.test", TOKEN, LIFETIME_S, 3)
    await kept.database.execute(INVALIDATIONS[invalidation])
    assert await kept.resets.find_owner(TOKEN) is None
    with pytest.raises(Missing):
        await kept.resets.redeem(TOKEN, "new hash")
    assert await kept.password() in {"old hash", None}


@pytest.mark.parametrize("invalidation", INVALIDATIONS)
async def test_invalid_verification_token_changes_nothing(kept: MailTokenStores, invalidation: str) -> None:
    """The address stays unverified."""
    await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3)
    await kept.database.execute(INVALIDATIONS[invalidation])
    with pytest.raises(Missing):
        await kept.verifications.redeem(TOKEN)
    assert not await kept.verified()


async def test_token_is_valid_for_one_kind_only(kept: MailTokenStores) -> None:
    """A token of one kind is unknown to the other store."""
    await kept.resets.issue("ana@example.test", "b" * 64, LIFETIME_S, 3)
    await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3)
    assert await kept.resets.find_owner(TOKEN) is None
    with pytest.raises(Missing):
        await kept.resets.redeem(TOKEN, "new hash")
    with pytest.raises(Missing):
        await kept.verifications.redeem("b" * 64)
    assert (await kept.password(), await kept.verified()) == ("old hash", False)


async def test_reset_waits_for_a_concurrent_address_change(
    kept: MailTokenStores, users_pool: PostgresPool
) -> None:
    """The token is checked after the change."""
    await kept.resets.issue("ana@example.test", TOKEN, LIFETIME_S, 3)
    change = kept.database.transaction()
    await change.start()
    await kept.database.execute("UPDATE users SET email = 'new@example.test'")
    using = asyncio.ensure_future(kept.resets.redeem(TOKEN, "new hash"))
    await until_waiting(users_pool, 1)
    await change.commit()
    with pytest.raises(Missing):
        await using
    assert await kept.password() == "old hash"


async def test_verification_waits_for_a_concurrent_address_change(
    kept: MailTokenStores, users_pool: PostgresPool
) -> None:
    """The old address's token does not verify the new address."""
    await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3)
    change = kept.database.transaction()
    await change.start()
    await kept.database.execute("UPDATE users SET email = 'new@example.test'")
    using = asyncio.ensure_future(kept.verifications.redeem(TOKEN))
    await until_waiting(users_pool, 1)
    await change.commit()
    with pytest.raises(Missing):
        await using
    assert not await kept.verified()


async def test_unknown_malformed_and_banned_users_get_no_token(kept: MailTokenStores) -> None:
    """`issue` returns None."""
    assert await kept.resets.issue("nobody@example.test", TOKEN, LIFETIME_S, 3) is None
    for user_id in ("no id", "00000000-0000-0000-0000-000000000000"):
        assert await kept.verifications.issue(user_id, TOKEN, LIFETIME_S, 3) is None
    await kept.moderation.act_on_user(user_action(kept.ana.id, ActionType.BAN))
    assert await kept.resets.issue("ana@example.test", TOKEN, LIFETIME_S, 3) is None
    assert await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3) is None
    assert await kept.database.fetchval("SELECT count(*) FROM mail_tokens") == 0


async def test_concurrent_verification_requests_create_one_token(kept: MailTokenStores) -> None:
    """Two events of the same registration create one token."""
    made = await asyncio.gather(
        *(kept.verifications.issue(kept.ana.id, f"{n:064d}", LIFETIME_S, 3) for n in range(8))
    )
    assert [user for user in made if user is not None] == [kept.ana]


async def test_banned_user_has_no_credentials_and_no_sessions(kept: MailTokenStores) -> None:
    """By any lookup, until the ban is lifted; the profile stays."""
    await kept.sessions.open(kept.ana.id, "b" * 64, 60)
    banned = await kept.moderation.act_on_user(user_action(kept.ana.id, ActionType.BAN))
    assert len(banned.session_ids) == 1
    for login in ("ana", "ana@example.test"):
        credentials = await kept.users.credentials(login)
        assert credentials is not None
        assert credentials.suspended_until == NO_END
    assert await kept.users.credentials_of(kept.ana.id) is None
    assert await kept.sessions.identities(["b" * 64]) == {}
    with pytest.raises(Missing):
        await kept.sessions.open(kept.ana.id, "c" * 64, 60)
    assert await kept.users.find([kept.ana.id]) == [kept.ana]
    await kept.moderation.act_on_user(user_action(kept.ana.id, ActionType.UNBAN))
    credentials = await kept.users.credentials("ana")
    assert credentials is not None
    assert credentials.suspended_until is None
    await kept.sessions.open(kept.ana.id, "c" * 64, 60)


async def test_changed_address_is_unverified(kept: MailTokenStores) -> None:
    """In the statement that changes the address; an equal address stays verified."""
    await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3)
    await kept.verifications.redeem(TOKEN)
    await kept.users.change(kept.ana.id, ProfileChange(bio="hello", email="ana@example.test"))
    assert await kept.verified()
    await kept.users.change(kept.ana.id, ProfileChange(email="ANA@example.test"))
    assert not await kept.verified()


async def until_waiting(pool: PostgresPool, statements: int) -> None:
    """Wait until that many statements wait for locks."""
    counting = Statement(
        "waits",
        "SELECT count(*) AS waiting FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock' AND state <> 'idle'",
        (),
    )
    async with asyncio.timeout(30):
        while (await pool.rows(counting))[0]["waiting"] < statements:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)


async def test_registration_during_a_change_does_not_get_the_old_address(
    kept: MailTokenStores, users_pool: PostgresPool
) -> None:
    """It waits for the change, and then finds the address reserved."""
    changes = PostgresEmailChanges(users_pool, kept.users)
    change = ProfileChange(email="new@example.test")
    holder = kept.database
    blocked = holder.transaction()
    await blocked.start()
    # The change of another instance, which has not committed.
    await holder.execute("SELECT id FROM users FOR UPDATE")
    changing = asyncio.ensure_future(changes.change(kept.ana.id, change, TOKEN, LIFETIME_S, 3))
    await holder.execute(
        "INSERT INTO mail_tokens (token_hash, kind, user_id, email, expires_at)"
        " VALUES ('x', 'email_change', $1, $2, now() + interval '1 day')",
        UUID(kept.ana.id),
        kept.ana.email,
    )
    await holder.execute("UPDATE users SET email = 'second@example.test'")
    registering = asyncio.ensure_future(kept.users.register(NewUser("ANA@example.test", "eva", "hash", None)))
    await until_waiting(users_pool, 2)
    await blocked.commit()
    with pytest.raises(Conflict) as taken:
        await registering
    assert taken.value.constraint == "users_email_key"
    assert (await changing).replaced is not None

"""The stores of mail tokens and of bans, past everything that guards them from above."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from storage.contracts.mail_tokens import EmailVerificationStore, PasswordResetStore
from storage.contracts.users import NewUser, ProfileChange, UserRecord
from storage.errors import Missing
from storage.postgres.mail_tokens import PostgresEmailVerifications, PostgresPasswordResets
from storage.postgres.moderation import PostgresModeration
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers

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
        PostgresModeration(users_pool),
        database,
        await users.register(NewUser("ana@example.test", "ana", "old hash", None)),
    )
    await database.close()


async def test_reset_answers_what_it_ended(kept: MailTokenStores) -> None:
    """The sessions that ended are named; the token is then as if it had never been."""
    opened = [await kept.sessions.open(kept.ana.id, mark * 64, 60) for mark in "bc"]
    assert await kept.resets.issue("ANA@Example.test", TOKEN, LIFETIME_S, 3) == kept.ana
    assert await kept.resets.is_valid(TOKEN)
    assert sorted(await kept.resets.redeem(TOKEN, "new hash")) == sorted(one.id for one in opened)
    assert await kept.password() == "new hash"
    assert not await kept.resets.is_valid(TOKEN)
    with pytest.raises(Missing):
        await kept.resets.redeem(TOKEN, "another hash")
    assert await kept.password() == "new hash"


@pytest.mark.parametrize("spoilt", INVALIDATIONS)
async def test_spoilt_reset_changes_nothing(kept: MailTokenStores, spoilt: str) -> None:
    """`use` judges by itself, whatever was asked before it."""
    await kept.resets.issue("ana@example.test", TOKEN, LIFETIME_S, 3)
    await kept.database.execute(INVALIDATIONS[spoilt])
    assert not await kept.resets.is_valid(TOKEN)
    with pytest.raises(Missing):
        await kept.resets.redeem(TOKEN, "new hash")
    assert await kept.password() in {"old hash", None}


@pytest.mark.parametrize("spoilt", INVALIDATIONS)
async def test_spoilt_verification_changes_nothing(kept: MailTokenStores, spoilt: str) -> None:
    """Nor is an address verified by a token that is not good."""
    await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3)
    await kept.database.execute(INVALIDATIONS[spoilt])
    with pytest.raises(Missing):
        await kept.verifications.redeem(TOKEN)
    assert not await kept.verified()


async def test_tokens_are_of_one_kind(kept: MailTokenStores) -> None:
    """A token of one kind is unknown to the other."""
    await kept.resets.issue("ana@example.test", "b" * 64, LIFETIME_S, 3)
    await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3)
    assert not await kept.resets.is_valid(TOKEN)
    with pytest.raises(Missing):
        await kept.resets.redeem(TOKEN, "new hash")
    with pytest.raises(Missing):
        await kept.verifications.redeem("b" * 64)
    assert (await kept.password(), await kept.verified()) == ("old hash", False)


async def test_reset_that_meets_a_change_of_address_waits(kept: MailTokenStores) -> None:
    """What is asked while an address changes is judged after it."""
    await kept.resets.issue("ana@example.test", TOKEN, LIFETIME_S, 3)
    change = kept.database.transaction()
    await change.start()
    await kept.database.execute("UPDATE users SET email = 'new@example.test'")
    using = asyncio.ensure_future(kept.resets.redeem(TOKEN, "new hash"))
    await asyncio.wait([using], timeout=0.2)
    await change.commit()
    with pytest.raises(Missing):
        await using
    assert await kept.password() == "old hash"


async def test_verification_that_meets_a_change_of_address_waits(kept: MailTokenStores) -> None:
    """An address that took the old one's place meanwhile is not verified by the old one's token."""
    await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3)
    change = kept.database.transaction()
    await change.start()
    await kept.database.execute("UPDATE users SET email = 'new@example.test'")
    using = asyncio.ensure_future(kept.verifications.redeem(TOKEN))
    await asyncio.wait([using], timeout=0.2)
    await change.commit()
    with pytest.raises(Missing):
        await using
    assert not await kept.verified()


async def test_nobody_is_offered_nothing(kept: MailTokenStores) -> None:
    """Unknown, misshapen and banned users get no token."""
    assert await kept.resets.issue("nobody@example.test", TOKEN, LIFETIME_S, 3) is None
    for user_id in ("no id", "00000000-0000-0000-0000-000000000000"):
        assert await kept.verifications.issue(user_id, TOKEN, LIFETIME_S, 3) is None
    await kept.moderation.ban("ana")
    assert await kept.resets.issue("ana@example.test", TOKEN, LIFETIME_S, 3) is None
    assert await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3) is None
    assert await kept.database.fetchval("SELECT count(*) FROM mail_tokens") == 0


async def test_verifications_at_once_are_one(kept: MailTokenStores) -> None:
    """A registration told of twice in the same moment makes one token."""
    made = await asyncio.gather(
        *(kept.verifications.issue(kept.ana.id, f"{n:064d}", LIFETIME_S, 3) for n in range(8))
    )
    assert [user for user in made if user is not None] == [kept.ana]


async def test_banned_have_no_credentials_and_no_sessions(kept: MailTokenStores) -> None:
    """By whatever key they come, until the ban is lifted; their profile stays where it is."""
    await kept.sessions.open(kept.ana.id, "b" * 64, 60)
    assert len(await kept.moderation.ban("Ana")) == 1
    for login in ("ana", "ana@example.test"):
        assert await kept.users.credentials(login) is None
    assert await kept.users.credentials_of(kept.ana.id) is None
    assert await kept.sessions.identities(["b" * 64]) == {}
    with pytest.raises(Missing):
        await kept.sessions.open(kept.ana.id, "c" * 64, 60)
    assert await kept.users.find([kept.ana.id]) == [kept.ana]
    await kept.moderation.unban("Ana")
    assert await kept.users.credentials("ana") is not None
    await kept.sessions.open(kept.ana.id, "c" * 64, 60)


async def test_only_another_address_loses_its_verification(kept: MailTokenStores) -> None:
    """The proof goes with the address it was for, in the same statement that changes it."""
    await kept.verifications.issue(kept.ana.id, TOKEN, LIFETIME_S, 3)
    await kept.verifications.redeem(TOKEN)
    await kept.users.change(kept.ana.id, ProfileChange(bio="hello", email="ana@example.test"))
    assert await kept.verified()
    await kept.users.change(kept.ana.id, ProfileChange(email="ANA@example.test"))
    assert not await kept.verified()

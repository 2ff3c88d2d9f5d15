"""Token lifetime: 30 days from the last use, at most 180 days, by the database's clock."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from actors.accounts.authenticator import Authenticator
from actors.accounts.tokens import hash_token, new_token
from actors.protocol.errors import ApiError
from config.limits import TOKEN_LIFETIME_S, Limits
from storage.contracts.users import NewUser
from storage.postgres.logins import PostgresLogins
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.until import until

SET_SESSION_AGE = (
    "UPDATE user_sessions SET created_at = now() - $1::interval, expires_at = now() + $2::interval"
)
DAY = timedelta(days=1)


@dataclass
class TokenSetup:
    """One token and access to its row."""

    token: str
    sessions: PostgresSessions
    logins: PostgresLogins
    database: Any

    async def use_token(self) -> None:
        """Authenticate on an instance without cached tokens, and wait for its background work."""
        authenticator = Authenticator(self.sessions, self.logins, Limits())
        try:
            await authenticator.authenticate(self.token)
            await until(lambda: not authenticator._touch_pool)
        finally:
            await authenticator.close()

    async def set_age(self, age: timedelta, left: timedelta) -> None:
        await self.database.execute(SET_SESSION_AGE, age, left)

    async def get_lifetime(self) -> tuple[timedelta, timedelta]:
        """Return the token's total lifetime and its remaining lifetime."""
        row = await self.database.fetchrow(
            "SELECT expires_at - created_at AS whole, expires_at - now() AS left FROM user_sessions"
        )
        return row["whole"], row["left"]


@pytest.fixture
async def setup(users_pool: PostgresPool, users_url: str) -> AsyncIterator[TokenSetup]:
    ana = await PostgresUsers(users_pool).register(NewUser("ana@example.test", "ana", "hash", None))
    sessions, token = PostgresSessions(users_pool), new_token()
    await sessions.open(ana.id, hash_token(token) or "", TOKEN_LIFETIME_S)
    database = await asyncpg.connect(users_url)
    yield TokenSetup(token, sessions, PostgresLogins(users_pool), database)
    await database.close()


async def test_use_extends_expiry(setup: TokenSetup) -> None:
    """Using a token on its last day extends it by 30 days."""
    await setup.set_age(29 * DAY, left=DAY)
    await setup.use_token()
    _, left = await setup.get_lifetime()
    assert abs(left - 30 * DAY) < timedelta(minutes=1)


@pytest.mark.parametrize("age_days", [149, 150, 151, 179])
async def test_expiry_never_exceeds_max_lifetime(setup: TokenSetup, age_days: int) -> None:
    """A token expires exactly 180 days after the login, however often it is used."""
    await setup.set_age(age_days * DAY, left=DAY / 2)
    await setup.use_token()
    await setup.use_token()
    whole, left = await setup.get_lifetime()
    assert whole <= 180 * DAY
    assert abs(left - min(30, 180 - age_days) * DAY) < timedelta(minutes=1)


async def test_token_past_max_lifetime_is_expired(setup: TokenSetup) -> None:
    """After 180 days a token is `auth.expired`, and using it does not extend it."""
    await setup.set_age(179 * DAY, left=DAY / 2)
    await setup.use_token()
    await setup.set_age(181 * DAY, left=-DAY)
    for _ in range(2):
        with pytest.raises(ApiError) as refused:
            await setup.use_token()
        assert refused.value.code == "auth.expired"
    _, left = await setup.get_lifetime()
    assert left < timedelta(0)

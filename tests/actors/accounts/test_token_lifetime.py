"""How long a token lives: 30 days from its latest use, 180 days at most, by the database's clock."""

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
    """One token, and a look at its row."""

    token: str
    sessions: PostgresSessions
    logins: PostgresLogins
    database: Any

    async def use_token(self) -> None:
        """Show the token to an instance that does not know it yet, and let that finish what it began."""
        authenticator = Authenticator(self.sessions, self.logins, Limits())
        try:
            await authenticator.authenticate(self.token)
            await until(lambda: not authenticator._touch_tasks)
        finally:
            await authenticator.close()

    async def set_age(self, age: timedelta, left: timedelta) -> None:
        await self.database.execute(SET_SESSION_AGE, age, left)

    async def get_lifetime(self) -> tuple[timedelta, timedelta]:
        """From its beginning to its end, and from now to its end."""
        row = await self.database.fetchrow(
            "SELECT expires_at - created_at AS whole, expires_at - now() AS left FROM user_sessions"
        )
        return row["whole"], row["left"]


@pytest.fixture
async def house(users_pool: PostgresPool, users_url: str) -> AsyncIterator[TokenSetup]:
    ana = await PostgresUsers(users_pool).register(NewUser("ana@example.test", "ana", "hash", None))
    sessions, token = PostgresSessions(users_pool), new_token()
    await sessions.open(ana.id, hash_token(token) or "", TOKEN_LIFETIME_S)
    database = await asyncpg.connect(users_url)
    yield TokenSetup(token, sessions, PostgresLogins(users_pool), database)
    await database.close()


async def test_use_extends_expiry(house: TokenSetup) -> None:
    """A token used on its last day lives for another 30."""
    await house.set_age(29 * DAY, left=DAY)
    await house.use_token()
    _, left = await house.get_lifetime()
    assert abs(left - 30 * DAY) < timedelta(minutes=1)


@pytest.mark.parametrize("age_days", [149, 150, 151, 179])
async def test_expiry_never_exceeds_max_lifetime(house: TokenSetup, age_days: int) -> None:
    """However often it is used, it ends 180 days after the login, to the second."""
    await house.set_age(age_days * DAY, left=DAY / 2)
    await house.use_token()
    await house.use_token()
    whole, left = await house.get_lifetime()
    assert whole <= 180 * DAY
    assert abs(left - min(30, 180 - age_days) * DAY) < timedelta(minutes=1)


async def test_token_past_max_lifetime_is_expired(house: TokenSetup) -> None:
    """On day 180 it is `auth.expired`, and showing it does not bring it back."""
    await house.set_age(179 * DAY, left=DAY / 2)
    await house.use_token()
    await house.set_age(181 * DAY, left=-DAY)
    for _ in range(2):
        with pytest.raises(ApiError) as refused:
            await house.use_token()
        assert refused.value.code == "auth.expired"
    _, left = await house.get_lifetime()
    assert left < timedelta(0)

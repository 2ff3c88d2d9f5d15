"""The User service over HTTP, on memory and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.accounts.accounts import Accounts, AccountStores
from actors.accounts.authenticator import Authenticator
from actors.accounts.passwords import HashCost, Passwords
from actors.runtime.timer_wheel import TimerWheel
from config.limits import Limits
from config.settings import ServerSettings
from server.application import create_application
from server.http.rate_limiter import RateLimiter
from server.routes.sessions import SessionRoutes
from server.routes.users import UserRoutes
from storage.memory.users import MemoryLogins, MemorySessions, MemoryUsers, UserTables
from storage.postgres.logins import PostgresLogins
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.server.routes.document_match import DocumentMatch
from tests.server.routes.user_service import CHEAP_HASHES, AiohttpClient, UserService


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
def server_settings() -> ServerSettings:
    return ServerSettings()


@pytest.fixture
def hash_cost() -> HashCost:
    """Use cheap password hashes, except in tests of their cost."""
    return CHEAP_HASHES


@pytest.fixture(params=["memory", "postgres"])
def backing(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("users_url") if request.param == "postgres" else None


@pytest.fixture
async def account_stores(backing: str | None) -> AsyncIterator[AccountStores]:
    if backing is None:
        people = UserTables()
        yield AccountStores(MemoryUsers(people), MemorySessions(people), MemoryLogins(people))
        return
    pool = PostgresPool(backing)
    await pool.open()
    yield AccountStores(PostgresUsers(pool), PostgresSessions(pool), PostgresLogins(pool))
    await pool.close()


@pytest.fixture
async def service(
    aiohttp_client: AiohttpClient,
    account_stores: AccountStores,
    limits: Limits,
    server_settings: ServerSettings,
    hash_cost: HashCost,
) -> AsyncIterator[UserService]:
    authenticator = Authenticator(account_stores.sessions, account_stores.logins, limits)
    passwords = Passwords(limits, hash_cost)
    wheel = TimerWheel(asyncio.get_running_loop())
    revoked: list[str] = []
    accounts = Accounts(account_stores, passwords, authenticator, revoked.extend)
    routes = [*UserRoutes(accounts).routes(), *SessionRoutes(accounts).routes()]
    app = create_application(
        routes,
        authenticator,
        RateLimiter(limits, server_settings),
        wheel,
        limits,
    )
    yield UserService(await aiohttp_client(app), accounts, authenticator, DocumentMatch(routes), revoked)
    await accounts.close()
    await authenticator.close()
    passwords.close()
    wheel.close()

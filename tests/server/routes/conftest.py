"""The User service over HTTP, on memory and on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.accounts.accounts import Accounts
from actors.accounts.authenticator import Authenticator
from actors.accounts.login_sessions import LoginSessions
from actors.accounts.passwords import HashCost, Passwords
from actors.accounts.sign_up import SignUp
from actors.runtime.timer_wheel import TimerWheel
from config.limits import Limits
from config.settings import ServerSettings
from server.application import create_application
from server.http.rate_limiter import RateLimiter
from server.routes.sessions import SessionRoutes
from server.routes.users import UserRoutes
from storage.memory.email_changes import MemoryEmailChanges
from storage.memory.users import MemoryLogins, MemorySessions, MemoryUsers, UserTables
from storage.postgres.email_changes import PostgresEmailChanges
from storage.postgres.logins import PostgresLogins
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.credential_checks import make_credential_checks
from tests.server.routes.document_match import DocumentMatch
from tests.server.routes.user_service import CHEAP_HASHES, AiohttpClient, UserService, UserServiceStores


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
async def user_stores(backing: str | None) -> AsyncIterator[UserServiceStores]:
    if backing is None:
        people = UserTables()
        yield UserServiceStores(
            MemoryUsers(people), MemorySessions(people), MemoryEmailChanges(people), MemoryLogins(people)
        )
        return
    pool = PostgresPool(backing)
    await pool.open()
    users = PostgresUsers(pool)
    yield UserServiceStores(
        users, PostgresSessions(pool), PostgresEmailChanges(pool, users), PostgresLogins(pool)
    )
    await pool.close()


@pytest.fixture
async def service(
    aiohttp_client: AiohttpClient,
    user_stores: UserServiceStores,
    limits: Limits,
    server_settings: ServerSettings,
    hash_cost: HashCost,
) -> AsyncIterator[UserService]:
    users = user_stores.users
    authenticator = Authenticator(user_stores.sessions, user_stores.logins, limits)
    passwords = Passwords(limits, hash_cost)
    wheel = TimerWheel(asyncio.get_running_loop())
    revoked: list[str] = []
    checks = make_credential_checks(users, user_stores.logins, passwords, limits)
    sessions = LoginSessions(user_stores.sessions, checks, authenticator, revoked.extend)
    accounts = Accounts(users, user_stores.email_changes, sessions, checks)
    sign_up = SignUp(users, sessions, checks)
    routes = [*UserRoutes(accounts, sign_up).routes(), *SessionRoutes(sessions).routes()]
    app = create_application(
        routes,
        authenticator,
        RateLimiter(limits, server_settings),
        wheel,
        limits,
        server_settings,
    )
    yield UserService(await aiohttp_client(app), accounts, authenticator, DocumentMatch(routes), revoked)
    await accounts.close()
    await authenticator.close()
    passwords.close()
    wheel.close()

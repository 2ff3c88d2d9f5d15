"""The HTTP layer around routes that a test defines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from aiohttp.typedefs import Handler

from actors.accounts.authenticator import Authenticator
from actors.runtime.timer_wheel import TimerWheel
from config.limits import Limits
from config.settings import ServerSettings
from server.application import create_application
from server.http.rate_limiter import RateLimiter
from server.http.route import Route
from storage.memory.users import MemoryLogins, MemorySessions, UserTables
from tests.server.http.http_client import HttpClient, Serve

AiohttpClient = Callable[[web.Application], Awaitable[TestClient[Any, Any]]]


@pytest.fixture
async def serve(aiohttp_client: AiohttpClient) -> AsyncIterator[Serve]:
    """Serve routes, and the handlers `beside` by path; other keywords are server settings."""
    people = UserTables()
    limits = Limits(request_timeout_ms=200)
    wheel = TimerWheel(asyncio.get_running_loop())
    authenticator = Authenticator(MemorySessions(people), MemoryLogins(people), limits)

    async def served(
        routes: Iterable[Route], beside: Mapping[str, Handler] = MappingProxyType({}), **settings: Any
    ) -> HttpClient:
        server = ServerSettings(**settings)
        app = create_application(routes, authenticator, RateLimiter(limits, server), wheel, limits, server)
        for path, handler in beside.items():
            app.router.add_get(path, handler)
        return await aiohttp_client(app)

    yield served
    await authenticator.close()
    wheel.close()

"""Revoked and expired sessions end everywhere, also where the bus reports nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import aiohttp
import asyncpg
import msgspec
import pytest
import pytest_asyncio

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.websocket.peer import connect_peer
from tests.storage.valkey_server import ValkeyServer

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])
CHECK_S = 0.5
WAIT_S = 60.0
EXPIRE = "UPDATE user_sessions SET expires_at = now() - interval '1 s' WHERE id = $1::uuid"


@dataclass(frozen=True)
class Separated:
    """Two instances on the same databases and different Redis servers, so that the bus connects them not."""

    here: Instance
    there: Instance
    redis: ValkeyServer
    """Of `here`."""


@pytest.fixture
def redis() -> Iterator[ValkeyServer]:
    server = ValkeyServer()
    server.start()
    yield server
    server.close()


@pytest_asyncio.fixture
async def separated(stores: StoreUrls, redis: ValkeyServer) -> AsyncIterator[Separated]:
    apart = msgspec.structs.replace(stores, redis=redis.url)
    async with (
        running_instance(apart, token_check_s=CHECK_S, token_cache_s=CHECK_S, shutdown_ms=2000) as here,
        running_instance(stores) as there,
    ):
        yield Separated(here, there, redis)
        redis.resume()


async def log_in(api: ApiClient, user: RegisteredUser) -> RegisteredUser:
    login = {"login": user.username, "password": PASSWORD}
    token = (await api.expect(201, None, "POST", "/v1/sessions", login))["token"]
    return RegisteredUser(user.id, user.username, token)


@pytest.mark.parametrize("redis_hangs", [False, True])
async def test_revoked_session_ends_without_the_bus(
    separated: Separated, people: RegisteredUsers, redis_hangs: bool
) -> None:
    """Its socket is closed with 4503 and sends no more, its event stream ends, its token is refused."""
    (ana,) = await people.register(1, separated.there)
    async with ApiClient(separated.here) as here, ApiClient(separated.there) as there:
        lost = await log_in(there, ana)
        (lost_id,) = [one["id"] for one in (await there.get(lost, "/v1/sessions"))["items"] if one["current"]]
        url = f"http://127.0.0.1:{separated.here.port}/v1/stream"
        async with (
            connect_peer(separated.here.port) as socket,
            connect_peer(separated.here.port) as kept,
            aiohttp.ClientSession() as session,
            session.get(url, headers={"Authorization": f"Bearer {lost.token}"}) as stream,
        ):
            assert stream.status == 200
            await socket.open(lost.token)
            await kept.open(ana.token)
            if redis_hangs:
                separated.redis.pause()
            await there.expect(204, ana, "DELETE", f"/v1/sessions/{lost_id}")
            ending = await socket.read_until_closed()
            assert (ending.code, ending.goodbye and ending.goodbye["resume"]) == (4503, False)
            async with asyncio.timeout(WAIT_S):
                await stream.content.read()
            await here.wait_for(lost, "/v1/users/me", lambda _: True, status=401, timeout_s=WAIT_S)
            assert (await kept.request("ping"))["type"] == "ok"


async def test_stream_does_not_outlive_its_token(
    separated: Separated, people: RegisteredUsers, stores: StoreUrls
) -> None:
    """A token that expires while its connections are open: the socket is closed with 4502."""
    (ana,) = await people.register(1, separated.here)
    async with ApiClient(separated.here) as api:
        (session_id,) = [one["id"] for one in (await api.get(ana, "/v1/sessions"))["items"]]
    url = f"http://127.0.0.1:{separated.here.port}/v1/stream"
    async with (
        connect_peer(separated.here.port) as socket,
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Authorization": f"Bearer {ana.token}"}) as stream,
    ):
        assert stream.status == 200
        await socket.open(ana.token)
        database = await asyncpg.connect(stores.postgres_by_service["users"])
        await database.execute(EXPIRE, session_id)
        await database.close()
        assert (await socket.read_until_closed()).code in {4502, 4503}
        async with asyncio.timeout(WAIT_S):
            await stream.content.read()

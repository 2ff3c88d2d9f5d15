"""Sockets that the server closes at either instance: why, with which words, and how one comes back.

The two instances are in a hurry, so that nobody waits for the times that ship.
"""

import asyncio
import time
from collections.abc import Iterator

import asyncpg
import pytest

from actors.protocol.server_frames import Goodbye, ServerFrame
from client.client import Client
from client.http_client import HttpClient
from config.limits import TOKEN_LIFETIME_MAX_S
from tests.conftest import LoopThread
from tests.end_to_end.conftest import Pair, two_instances
from tests.end_to_end.polling import wait_until
from tests.end_to_end.presence_watcher import statuses
from tests.end_to_end.raw_socket import connect_socket, frames_until, open_socket
from tests.end_to_end.registered_user import PASSWORD, RegisteredUser
from tests.end_to_end.server_process import ServerProcess, ServerStores
from tests.end_to_end.user_api import UserApi
from tests.server.websocket.peer import CloseResult, http_request, upgrade_headers

HEARTBEAT_S = 1.0
NEW_PASSWORD = "staple battery horse"
SHORT_TIMEOUTS = {
    "AUTH_TIMEOUT_MS": "1000",
    "HEARTBEAT_MS": "1000",
    "PRESENCE_GRACE_S": "0.5",
    "SOCKETS_PER_USER": "2",
    "TOKEN_CHECK_S": "0.2",
}
REMAINING_S = 2
EXPIRE_SESSIONS = """
UPDATE user_sessions
SET
    created_at = now() + make_interval(secs => $2::float8 - $3::float8),
    expires_at = now() + make_interval(secs => $2::float8)
WHERE user_id = $1
"""
"""All that somebody has opened is nearly as old as a session can be."""


@pytest.fixture(scope="module")
def short_timeout_pair(
    server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with two_instances(server_stores, background, tmp_path_factory.mktemp("hasty"), SHORT_TIMEOUTS) as both:
        yield both


async def test_unauthenticated_socket_gets_hello_and_is_closed(short_timeout_pair: Pair) -> None:
    """`hello` says the bounds of that instance; nothing else is done for it, and in time it is sent away."""

    async def knocks_at(instance: ServerProcess) -> None:
        async with connect_socket(instance) as stranger:
            await stranger.upgrade()
            hello = await stranger.message()
            assert (hello["type"], hello["heartbeat_ms"], hello["auth_timeout_ms"]) == ("hello", 1000, 1000)
            assert hello["max_frame_bytes"] == 64 * 1024
            assert (await stranger.request("ping"))["code"] == "auth.required"
            assert_goodbye(await stranger.read_until_closed(), 4506)

    await asyncio.gather(*map(knocks_at, short_timeout_pair))


async def test_silent_device_is_closed_and_resumes_elsewhere(short_timeout_pair: Pair) -> None:
    """4003; it is seen to be offline, and resumes at the other instance with what it missed."""
    here, there = short_timeout_pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", here)
    group = await ana.create_group(here, [ben])
    frames: list[ServerFrame] = []
    async with Client([there.url], ana.token, on_frame=frames.append) as anas:
        await anas.watch_presence([ben.id])
        async with open_socket(here) as silent:
            said_at = time.monotonic()
            left = await silent.request("authenticate", token=ben.token)
            ready_at = time.monotonic()
            assert_goodbye(await silent.read_until_closed(), 4003)
            # The last word was heard between the two; the silence ends before a third heartbeat.
            assert time.monotonic() - said_at >= 1.9 * HEARTBEAT_S
            assert time.monotonic() - ready_at < 3 * HEARTBEAT_S
        await wait_until(lambda: statuses(frames, ben) == ["online", "offline"])
        await anas.send(group, "are you there?")
        async with open_socket(there) as back:
            place = {name: left[name] for name in ("session_id", "epoch", "position")}
            await back.request("authenticate", token=ben.token, resume={**place, "conversations": {group: 0}})
            missed = await frames_until(back, "resumed")
            assert [one["type"] for one in missed] == ["message.created", "resumed"]
        await wait_until(lambda: statuses(frames, ben)[:3] == ["online", "offline", "online"])


async def test_socket_over_the_user_limit_is_closed(short_timeout_pair: Pair) -> None:
    """4505 for the last one that came; those that were there stay, and another person is let in."""
    here, there = short_timeout_pair
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    for instance in short_timeout_pair:
        async with Client([instance.url], ana.token) as laptop, Client([instance.url], ana.token) as phone:
            async with open_socket(instance) as third:
                third.send({"type": "authenticate", "id": 1, "token": ana.token})
                assert_goodbye(await third.read_until_closed(), 4505)
            async with Client([instance.url], ben.token):
                pass
            await laptop.ping()
            await phone.ping()


async def test_expired_token_closes_sockets_on_all_instances(
    short_timeout_pair: Pair, server_stores: ServerStores
) -> None:
    """4502 at both instances, and at every attempt after that; another session of the same user stays."""
    here, there = short_timeout_pair
    ana = await RegisteredUser.register("ana", here)
    database = await asyncpg.connect(server_stores.databases["users"])
    try:
        await database.execute(EXPIRE_SESSIONS, ana.id, REMAINING_S, TOKEN_LIFETIME_MAX_S)
    finally:
        await database.close()
    async with Client([here.url], ana.token) as old_here, Client([there.url], ana.token) as old_there:
        async with HttpClient(there.url) as http:
            new = await http.login(ana.username, PASSWORD)
        async with Client([there.url], new.token) as newer:
            await wait_until(lambda: old_here.closed_error is not None and old_there.closed_error is not None)
            assert old_here.closed_error is not None
            assert old_there.closed_error is not None
            assert (old_here.closed_error.code, old_there.closed_error.code) == (4502, 4502)
            await newer.ping()
    for instance in short_timeout_pair:
        async with open_socket(instance) as late, UserApi(ana, instance) as caller:
            late.send({"type": "authenticate", "id": 1, "token": ana.token})
            ending = await late.read_until_closed()
            assert ending.messages[0]["code"] == "auth.expired"
            assert_goodbye(ending, 4502)
            status, problem = await caller.request("GET", "/v1/users/me")
            assert (status, problem["code"]) == (401, "auth.expired")


async def test_password_change_closes_all_other_sessions(short_timeout_pair: Pair) -> None:
    """4503 at both instances; who set it stays; the old tokens open nothing anywhere."""
    here, there = short_timeout_pair
    ana = await RegisteredUser.register("ana", here)
    async with HttpClient(there.url) as http:
        phone, tablet = [(await http.login(ana.username, PASSWORD)).token for _ in range(2)]
    heard: list[ServerFrame] = []
    async with (
        Client([here.url], ana.token) as laptop,
        Client([here.url], phone) as phones,
        Client([there.url], tablet, on_frame=heard.append) as tablets,
        UserApi(ana, here) as caller,
    ):
        passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        await caller.request_ok("PUT", "/v1/users/me/password", passwords)
        await wait_until(lambda: phones.closed_error is not None and tablets.closed_error is not None)
        assert phones.closed_error is not None
        assert tablets.closed_error is not None
        assert (phones.closed_error.code, tablets.closed_error.code) == (4503, 4503)
        assert [(one.code, one.resume) for one in heard if isinstance(one, Goodbye)] == [(4503, False)]
        await laptop.ping()
    for instance in short_timeout_pair:
        async with connect_socket(instance) as refused, open_socket(instance) as late:
            refused.write(http_request("/v1/ws", upgrade_headers(token=phone)))
            assert (await refused.read_http_response()).status == 401
            late.send({"type": "authenticate", "id": 1, "token": tablet})
            ending = await late.read_until_closed()
            assert ending.messages[0]["code"] == "auth.required"
            assert_goodbye(ending, 4501)


def assert_goodbye(ending: CloseResult, code: int) -> None:
    """Before the Close, with the same code, and whether one may come back the same way."""
    assert ending.goodbye is not None
    assert (ending.code, ending.goodbye["code"]) == (code, code)
    assert ending.goodbye["resume"] is (code < 4500)

"""Sockets closed by the server: close codes, `goodbye` and reconnecting, with short timeouts."""

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
from tests.end_to_end.raw_socket import connect_socket, frames_until, open_socket
from tests.end_to_end.received_frames import statuses_of
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
"""Makes all sessions of a user expire soon, at their maximum age."""


@pytest.fixture(scope="module")
def short_timeout_pair(
    server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with two_instances(
        server_stores, background, tmp_path_factory.mktemp("short-timeouts"), SHORT_TIMEOUTS
    ) as both:
        yield both


async def test_unauthenticated_socket_gets_hello_and_is_closed(short_timeout_pair: Pair) -> None:
    """`hello` contains the limits, commands get `auth.required`, and 4506 closes the socket in time."""

    async def check_unauthenticated(instance: ServerProcess) -> None:
        async with connect_socket(instance) as unauthenticated:
            await unauthenticated.upgrade()
            hello = await unauthenticated.message()
            assert (hello["type"], hello["heartbeat_ms"], hello["auth_timeout_ms"]) == ("hello", 1000, 1000)
            assert hello["max_frame_bytes"] == 64 * 1024
            assert (await unauthenticated.request("ping"))["code"] == "auth.required"
            assert_goodbye(await unauthenticated.read_until_closed(), 4506)

    await asyncio.gather(*map(check_unauthenticated, short_timeout_pair))


async def test_silent_device_is_closed_and_resumes_elsewhere(short_timeout_pair: Pair) -> None:
    """A silent device is closed with 4003, appears offline, and resumes on the other instance."""
    first_instance, second_instance = short_timeout_pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", first_instance),
    )
    group = await ana.create_group(first_instance, [ben])
    frames: list[ServerFrame] = []
    async with Client([second_instance.url], ana.token, on_frame=frames.append) as ana_client:
        await ana_client.watch_presence([ben.id])
        async with open_socket(first_instance) as silent:
            sent_at = time.monotonic()
            ready = await silent.request("authenticate", token=ben.token)
            ready_at = time.monotonic()
            assert_goodbye(await silent.read_until_closed(), 4003)
            # The last frame was received between the two times; the close precedes a third heartbeat.
            assert time.monotonic() - sent_at >= 1.9 * HEARTBEAT_S
            assert time.monotonic() - ready_at < 3 * HEARTBEAT_S
        await wait_until(lambda: statuses_of(frames, ben.id) == ["online", "offline"])
        await ana_client.send(group, "are you there?")
        async with open_socket(second_instance) as resumed_socket:
            resume = {name: ready[name] for name in ("session_id", "epoch", "position")}
            await resumed_socket.request(
                "authenticate", token=ben.token, resume={**resume, "conversations": {group: 0}}
            )
            missed = await frames_until(resumed_socket, "resumed")
            assert [frame["type"] for frame in missed] == ["message.created", "resumed"]
        await wait_until(lambda: statuses_of(frames, ben.id)[:3] == ["online", "offline", "online"])


async def test_socket_over_the_user_limit_is_closed(short_timeout_pair: Pair) -> None:
    """The newest socket over the limit is closed with 4505; older ones and other users are unaffected."""
    first_instance, second_instance = short_timeout_pair
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
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
    """An expired token closes its sockets with 4502 and is rejected afterwards; other sessions stay."""
    first_instance, second_instance = short_timeout_pair
    ana = await RegisteredUser.register("ana", first_instance)
    database = await asyncpg.connect(server_stores.databases["users"])
    try:
        await database.execute(EXPIRE_SESSIONS, ana.id, REMAINING_S, TOKEN_LIFETIME_MAX_S)
    finally:
        await database.close()
    async with (
        Client([first_instance.url], ana.token) as first_client,
        Client([second_instance.url], ana.token) as second_client,
    ):
        async with HttpClient(second_instance.url) as http:
            new = await http.login(ana.username, PASSWORD)
        async with Client([second_instance.url], new.token) as new_client:
            await wait_until(
                lambda: first_client.closed_error is not None and second_client.closed_error is not None
            )
            assert first_client.closed_error is not None
            assert second_client.closed_error is not None
            assert (first_client.closed_error.code, second_client.closed_error.code) == (4502, 4502)
            await new_client.ping()
    for instance in short_timeout_pair:
        async with open_socket(instance) as reconnecting, UserApi(ana, instance) as api:
            reconnecting.send({"type": "authenticate", "id": 1, "token": ana.token})
            close = await reconnecting.read_until_closed()
            assert close.messages[0]["code"] == "auth.expired"
            assert_goodbye(close, 4502)
            status, problem = await api.request("GET", "/v1/users/me")
            assert (status, problem["code"]) == (401, "auth.expired")


async def test_password_change_closes_all_other_sessions(short_timeout_pair: Pair) -> None:
    """A password change closes the user's other sessions with 4503 everywhere and revokes their tokens."""
    first_instance, second_instance = short_timeout_pair
    ana = await RegisteredUser.register("ana", first_instance)
    async with HttpClient(second_instance.url) as http:
        phone, tablet = [(await http.login(ana.username, PASSWORD)).token for _ in range(2)]
    frames: list[ServerFrame] = []
    async with (
        Client([first_instance.url], ana.token) as laptop,
        Client([first_instance.url], phone) as phone_client,
        Client([second_instance.url], tablet, on_frame=frames.append) as tablet_client,
        UserApi(ana, first_instance) as api,
    ):
        passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        await api.request_ok("PUT", "/v1/users/me/password", passwords)
        await wait_until(
            lambda: phone_client.closed_error is not None and tablet_client.closed_error is not None
        )
        assert phone_client.closed_error is not None
        assert tablet_client.closed_error is not None
        assert (phone_client.closed_error.code, tablet_client.closed_error.code) == (4503, 4503)
        assert [(frame.code, frame.resume) for frame in frames if isinstance(frame, Goodbye)] == [
            (4503, False)
        ]
        await laptop.ping()
    for instance in short_timeout_pair:
        async with connect_socket(instance) as rejected, open_socket(instance) as reconnecting:
            rejected.write(http_request("/v1/ws", upgrade_headers(token=phone)))
            assert (await rejected.read_http_response()).status == 401
            reconnecting.send({"type": "authenticate", "id": 1, "token": tablet})
            close = await reconnecting.read_until_closed()
            assert close.messages[0]["code"] == "auth.required"
            assert_goodbye(close, 4501)


def assert_goodbye(close: CloseResult, code: int) -> None:
    """Check that `goodbye` came before the close, with the same code and the right `resume` flag."""
    assert close.goodbye is not None
    assert (close.code, close.goodbye["code"]) == (code, code)
    assert close.goodbye["resume"] is (code < 4500)

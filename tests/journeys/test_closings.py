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
from client.http import Http
from config.limits import TOKEN_LIFETIME_MAX_S
from tests.conftest import LoopThread
from tests.journeys.caller import Caller
from tests.journeys.conftest import Pair, two_instances
from tests.journeys.instance import Backing, Instance
from tests.journeys.onlooker import statuses
from tests.journeys.patience import eventually
from tests.journeys.person import PASSWORD, Person
from tests.journeys.wire import connection, up_to, wire
from tests.server.websocket.peer import CloseResult, http_request, upgrade_headers

HEARTBEAT_S = 1.0
NEW_PASSWORD = "staple battery horse"
HURRY = {
    "AUTH_TIMEOUT_MS": "1000",
    "HEARTBEAT_MS": "1000",
    "PRESENCE_GRACE_S": "0.5",
    "SOCKETS_PER_USER": "2",
    "TOKEN_CHECK_S": "0.2",
}
LEFT_S = 2
AGED = """
UPDATE user_sessions
SET
    created_at = now() + make_interval(secs => $2::float8 - $3::float8),
    expires_at = now() + make_interval(secs => $2::float8)
WHERE user_id = $1
"""
"""All that somebody has opened is nearly as old as a session can be."""


@pytest.fixture(scope="module")
def hasty_pair(
    backing: Backing, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with two_instances(backing, background, tmp_path_factory.mktemp("hasty"), HURRY) as both:
        yield both


async def test_a_stranger_is_told_what_is_asked_of_it(hasty_pair: Pair) -> None:
    """`hello` says the bounds of that instance; nothing else is done for it, and in time it is sent away."""

    async def knocks_at(instance: Instance) -> None:
        async with connection(instance) as stranger:
            await stranger.upgrade()
            hello = await stranger.message()
            assert (hello["type"], hello["heartbeat_ms"], hello["auth_timeout_ms"]) == ("hello", 1000, 1000)
            assert hello["max_frame_bytes"] == 64 * 1024
            assert (await stranger.request("ping"))["code"] == "auth.required"
            said_goodbye(await stranger.read_until_closed(), 4506)

    await asyncio.gather(*map(knocks_at, hasty_pair))


async def test_a_device_gone_silent_is_closed_and_comes_back_elsewhere(hasty_pair: Pair) -> None:
    """4003; it is seen to be offline, and resumes at the other instance with what it missed."""
    here, there = hasty_pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    group = await ana.group(here, [ben])
    frames: list[ServerFrame] = []
    async with Client([there.url], ana.token, on_frame=frames.append) as anas:
        await anas.watch_presence([ben.id])
        async with wire(here) as silent:
            said_at = time.monotonic()
            left = await silent.request("authenticate", token=ben.token)
            ready_at = time.monotonic()
            said_goodbye(await silent.read_until_closed(), 4003)
            # The last word was heard between the two; the silence ends before a third heartbeat.
            assert time.monotonic() - said_at >= 1.9 * HEARTBEAT_S
            assert time.monotonic() - ready_at < 3 * HEARTBEAT_S
        await eventually(lambda: statuses(frames, ben) == ["online", "offline"])
        await anas.send(group, "are you there?")
        async with wire(there) as back:
            place = {name: left[name] for name in ("session_id", "epoch", "position")}
            await back.request("authenticate", token=ben.token, resume={**place, "conversations": {group: 0}})
            missed = await up_to(back, "resumed")
            assert [one["type"] for one in missed] == ["message.created", "resumed"]
        await eventually(lambda: statuses(frames, ben)[:3] == ["online", "offline", "online"])


async def test_one_socket_too_many_is_sent_away(hasty_pair: Pair) -> None:
    """4505 for the last one that came; those that were there stay, and another person is let in."""
    here, there = hasty_pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    for instance in hasty_pair:
        async with Client([instance.url], ana.token) as laptop, Client([instance.url], ana.token) as phone:
            async with wire(instance) as third:
                third.send({"type": "authenticate", "id": 1, "token": ana.token})
                said_goodbye(await third.read_until_closed(), 4505)
            async with Client([instance.url], ben.token):
                pass
            await laptop.ping()
            await phone.ping()


async def test_a_token_that_runs_out_ends_its_sockets_everywhere(hasty_pair: Pair, backing: Backing) -> None:
    """4502 at both instances, and at every attempt after that; another session of the same user stays."""
    here, there = hasty_pair
    ana = await Person.register("ana", here)
    database = await asyncpg.connect(backing.databases["users"])
    try:
        await database.execute(AGED, ana.id, LEFT_S, TOKEN_LIFETIME_MAX_S)
    finally:
        await database.close()
    async with Client([here.url], ana.token) as old_here, Client([there.url], ana.token) as old_there:
        async with Http(there.url) as http:
            new = await http.login(ana.username, PASSWORD)
        async with Client([there.url], new.token) as newer:
            await eventually(lambda: old_here.ended is not None and old_there.ended is not None)
            assert old_here.ended is not None
            assert old_there.ended is not None
            assert (old_here.ended.code, old_there.ended.code) == (4502, 4502)
            await newer.ping()
    for instance in hasty_pair:
        async with wire(instance) as late, Caller(ana, instance) as caller:
            late.send({"type": "authenticate", "id": 1, "token": ana.token})
            ending = await late.read_until_closed()
            assert ending.messages[0]["code"] == "auth.expired"
            said_goodbye(ending, 4502)
            status, problem = await caller.ask("GET", "/v1/users/me")
            assert (status, problem["code"]) == (401, "auth.expired")


async def test_a_new_password_ends_all_other_sessions(hasty_pair: Pair) -> None:
    """4503 at both instances; who set it stays; the old tokens open nothing anywhere."""
    here, there = hasty_pair
    ana = await Person.register("ana", here)
    async with Http(there.url) as http:
        phone, tablet = [(await http.login(ana.username, PASSWORD)).token for _ in range(2)]
    heard: list[ServerFrame] = []
    async with (
        Client([here.url], ana.token) as laptop,
        Client([here.url], phone) as phones,
        Client([there.url], tablet, on_frame=heard.append) as tablets,
        Caller(ana, here) as caller,
    ):
        passwords = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        await caller.do("PUT", "/v1/users/me/password", passwords)
        await eventually(lambda: phones.ended is not None and tablets.ended is not None)
        assert phones.ended is not None
        assert tablets.ended is not None
        assert (phones.ended.code, tablets.ended.code) == (4503, 4503)
        assert [(one.code, one.resume) for one in heard if isinstance(one, Goodbye)] == [(4503, False)]
        await laptop.ping()
    for instance in hasty_pair:
        async with connection(instance) as refused, wire(instance) as late:
            refused.write(http_request("/v1/ws", upgrade_headers(token=phone)))
            assert (await refused.read_http_response()).status == 401
            late.send({"type": "authenticate", "id": 1, "token": tablet})
            ending = await late.read_until_closed()
            assert ending.messages[0]["code"] == "auth.required"
            said_goodbye(ending, 4501)


def said_goodbye(ending: CloseResult, code: int) -> None:
    """Before the Close, with the same code, and whether one may come back the same way."""
    assert ending.goodbye is not None
    assert (ending.code, ending.goodbye["code"]) == (code, code)
    assert ending.goodbye["resume"] is (code < 4500)

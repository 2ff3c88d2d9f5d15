"""One instance after the other is stopped and started again, as at every deployment, while people chat."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from client.encoding import JSON, MSGPACK
from config.limits import Limits
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import StartInstance
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.reconnect_times import ReconnectTimes
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess, free_port

PEOPLE = 200 if LONG_TESTS else 24
GROUPS = 10 if LONG_TESTS else 4
SEND_INTERVAL_S = 0.5 if LONG_TESTS else 0.1
RECONNECT_LIMIT_S = 10.0
STOP_LIMIT_S = Limits().shutdown_ms / 1000


@pytest.mark.timeout(300 if LONG_TESTS else 120)
async def test_rolling_restart_loses_nothing(start_instance: StartInstance) -> None:
    """Both end with 0 in time; all that was said is heard once, in order; nobody is away for long."""
    pair = await asyncio.gather(start_instance(port=free_port()), start_instance(port=free_port()))
    people = [await RegisteredUser.register(f"p{n}", pair[n % 2]) for n in range(PEOPLE)]
    members = [[one for n, one in enumerate(people) if group in groups_of(n)] for group in range(GROUPS)]
    oracles = [Oracle(await some[0].create_group(pair[0], some[1:])) for some in members]
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(chat_user(n, one, oracles, pair)) for n, one in enumerate(people)
        ]
        absences = ReconnectTimes([one.client for one in talkers])
        watching = asyncio.create_task(absences.watch())
        enough = asyncio.Event()
        chat = asyncio.gather(*(one.send_periodically(enough, SEND_INTERVAL_S) for one in talkers))
        for one in pair:
            await wait_for_new_messages(talkers)
            await assert_stops_in_time(one)
            await one.start()
        await wait_for_new_messages(talkers)
        enough.set()
        await chat
        await wait_until(lambda: all(one.all_received(one.acknowledged) for one in oracles))
        watching.cancel()

        assert [one.unannounced_gaps for one in talkers] == [0] * PEOPLE
        # Whoever began at the first one had to go twice.
        assert [one.client.statistics().connects for one in talkers] == [3, 2] * (PEOPLE // 2)
        assert len(absences.seconds) == PEOPLE // 2 * 3
        longest_s = max(absences.seconds)
        assert longest_s < RECONNECT_LIMIT_S, f"somebody was away for {longest_s:.2f} s"
    for some, oracle in zip(members, oracles, strict=True):
        for one in pair:
            oracle.check(await some[0].read_history(one, oracle.conversation_id), one.url)


def groups_of(number: int) -> tuple[int, int]:
    """Each is in two; those four who are in the same two differ in where they are, or in how they encode."""
    first = number // 4 % GROUPS
    return first, (first + 1) % GROUPS


def chat_user(
    number: int, user: RegisteredUser, oracles: Sequence[Oracle], pair: tuple[ServerProcess, ServerProcess]
) -> ChatUser:
    one, other = (oracles[group] for group in groups_of(number))
    encoding = MSGPACK if number // 2 % 2 else JSON
    places = pair[::-1] if number % 2 else pair
    return ChatUser(user, one, places, encoding=encoding, other_oracles=[other])


async def wait_for_new_messages(chat_users: Sequence[ChatUser]) -> None:
    """Everybody has a server, and is answered by it."""
    await wait_until(lambda: all(one.client.connected for one in chat_users))
    before = [one.acknowledged for one in chat_users]
    await wait_until(
        lambda: all(one.acknowledged > then + 1 for one, then in zip(chat_users, before, strict=True))
    )


async def assert_stops_in_time(instance: ServerProcess) -> None:
    began = time.monotonic()
    assert await instance.stop() == 0
    assert time.monotonic() - began < STOP_LIMIT_S

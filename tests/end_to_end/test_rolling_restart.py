"""Rolling restart of two instances under load."""

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

USERS = 200 if LONG_TESTS else 24
GROUPS = 10 if LONG_TESTS else 4
SEND_INTERVAL_S = 0.5 if LONG_TESTS else 0.25
RECONNECT_LIMIT_S = 10.0
STOP_LIMIT_S = Limits().shutdown_ms / 1000


@pytest.mark.timeout(300 if LONG_TESTS else 120)
async def test_rolling_restart_loses_nothing(start_instance: StartInstance) -> None:
    """Both instances exit with status 0 in time, messages arrive once and in order, reconnects are fast."""
    pair = await asyncio.gather(start_instance(port=free_port()), start_instance(port=free_port()))
    users = [await RegisteredUser.register(f"p{n}", pair[n % 2]) for n in range(USERS)]
    members = [[user for n, user in enumerate(users) if group in groups_of(n)] for group in range(GROUPS)]
    oracles = [
        Oracle(await group_members[0].create_group(pair[0], group_members[1:])) for group_members in members
    ]
    async with AsyncExitStack() as stack:
        chat_users = [
            await stack.enter_async_context(chat_user(n, user, oracles, pair)) for n, user in enumerate(users)
        ]
        reconnect_times = ReconnectTimes([chat_user.client for chat_user in chat_users])
        watch_task = asyncio.create_task(reconnect_times.watch())
        stop = asyncio.Event()
        sends = asyncio.gather(
            *(chat_user.send_periodically(stop, SEND_INTERVAL_S) for chat_user in chat_users)
        )
        for instance in pair:
            await wait_for_new_messages(chat_users)
            await assert_stops_in_time(instance)
            await instance.start()
        await wait_for_new_messages(chat_users)
        stop.set()
        await sends
        await wait_until(lambda: all(oracle.all_received(oracle.acknowledged) for oracle in oracles))
        watch_task.cancel()

        assert [chat_user.unannounced_gaps for chat_user in chat_users] == [0] * USERS
        # Users who started on the first instance moved twice.
        assert [chat_user.client.statistics().connects for chat_user in chat_users] == [3, 2] * (USERS // 2)
        assert len(reconnect_times.seconds) == USERS // 2 * 3
        longest_s = max(reconnect_times.seconds)
        assert longest_s < RECONNECT_LIMIT_S, f"a client was disconnected for {longest_s:.2f} s"
    for group_members, oracle in zip(members, oracles, strict=True):
        for instance in pair:
            oracle.check(await group_members[0].read_history(instance, oracle.conversation_id), instance.url)


def groups_of(number: int) -> tuple[int, int]:
    """Return the two groups of a user. Four users share them, with all instance and encoding combinations."""
    first = number // 4 % GROUPS
    return first, (first + 1) % GROUPS


def chat_user(
    number: int, user: RegisteredUser, oracles: Sequence[Oracle], pair: tuple[ServerProcess, ServerProcess]
) -> ChatUser:
    first, second = (oracles[group] for group in groups_of(number))
    encoding = MSGPACK if number // 2 % 2 else JSON
    instances = pair[::-1] if number % 2 else pair
    return ChatUser(user, first, instances, encoding=encoding, other_oracles=[second])


async def wait_for_new_messages(chat_users: Sequence[ChatUser]) -> None:
    """Wait until every user is connected and has sent new messages."""
    await wait_until(lambda: all(chat_user.client.connected for chat_user in chat_users))
    before = [chat_user.acknowledged for chat_user in chat_users]
    await wait_until(
        lambda: all(
            chat_user.acknowledged > then + 1 for chat_user, then in zip(chat_users, before, strict=True)
        )
    )


async def assert_stops_in_time(instance: ServerProcess) -> None:
    started_at = time.monotonic()
    assert await instance.stop() == 0
    assert time.monotonic() - started_at < STOP_LIMIT_S

"""Concurrent senders on two instances: all clients receive one total order."""

import asyncio
from contextlib import AsyncExitStack

from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser

USERS = 6
MESSAGES = 300 if LONG_TESTS else 60


async def test_concurrent_senders_on_two_instances_get_one_order(pair: Pair) -> None:
    """There is one order without gaps or duplicates, and each socket's messages keep their order."""
    await send_concurrently(pair)


async def test_delayed_bus_does_not_change_the_order(delayed_pair: Pair) -> None:
    """The order also holds if bus messages arrive after their entries were read from the log."""
    await send_concurrently(delayed_pair)


async def send_concurrently(pair: Pair) -> None:
    users = [await RegisteredUser.register(f"p{number}", pair[number % 2]) for number in range(USERS)]
    group = await users[0].create_group(pair[0], users[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        chat_users = [
            await stack.enter_async_context(ChatUser(user, oracle, [pair[number % 2]]))
            for number, user in enumerate(users)
        ]
        sent = await asyncio.gather(*(chat_user.send_many(MESSAGES) for chat_user in chat_users))
        head = max(result.seq for results in sent for result in results)
        await wait_until(lambda: oracle.all_received(head))

        for results in sent:
            assert [result.seq for result in results] == sorted(result.seq for result in results)
            assert not any(result.duplicate for result in results)
        assert [chat_user.unannounced_gaps for chat_user in chat_users] == [0] * USERS
        assert [chat_user.client.statistics().connects for chat_user in chat_users] == [1] * USERS
    assert head == USERS * MESSAGES
    for instance in pair:
        oracle.check(await users[0].read_history(instance, group), instance.url)

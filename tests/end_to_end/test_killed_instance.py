"""An instance is killed under load."""

import asyncio
import signal
from contextlib import AsyncExitStack

from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair, StartInstance
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser

USERS = 4
MESSAGES = 300 if LONG_TESTS else 80


async def test_acknowledged_messages_survive_a_killed_instance(
    pair: Pair, start_instance: StartInstance
) -> None:
    """Every acknowledged message is stored once; clients reconnect to the other instance and miss nothing."""
    survivor, killed = pair[0], await start_instance()
    users = [await RegisteredUser.register(f"p{number}", survivor) for number in range(USERS)]
    group = await users[0].create_group(survivor, users[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        instances = ([killed, survivor], [survivor])
        chat_users = [
            await stack.enter_async_context(ChatUser(user, oracle, instances[number % 2]))
            for number, user in enumerate(users)
        ]
        sends = asyncio.gather(*(chat_user.send_many(MESSAGES) for chat_user in chat_users))
        await wait_until(lambda: oracle.acknowledged > USERS * MESSAGES // 4)
        killed.signal(signal.SIGKILL)
        assert not sends.done()
        sent = await sends
        head = max(result.seq for results in sent for result in results)
        await wait_until(lambda: oracle.all_received(head))

        assert await killed.wait_for_exit() == -signal.SIGKILL
        assert [chat_user.client.url for chat_user in chat_users] == [survivor.url] * USERS
        assert [chat_user.client.statistics().connects for chat_user in chat_users] == [2, 1] * (USERS // 2)
        assert [chat_user.unannounced_gaps for chat_user in chat_users] == [0] * USERS
    assert head == USERS * MESSAGES
    oracle.check(await users[0].read_history(survivor, group))

"""An instance is killed: under load, and while it is cut off from Redis."""

import asyncio
import signal
from contextlib import AsyncExitStack

import pytest

from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair, StartInstance
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerStores
from tests.tcp_proxy import TcpProxy

DELIVERY_TIMEOUT_S = 6.0
"""The maximum delivery time in the API contract."""

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


@pytest.mark.parametrize(
    "ending", [signal.SIGKILL, signal.SIGSTOP, None], ids=["killed", "paused", "cut off"]
)
async def test_messages_of_an_instance_killed_without_redis_are_delivered(
    pair: Pair,
    start_instance: StartInstance,
    server_stores: ServerStores,
    ending: signal.Signals | None,
) -> None:
    """Or paused, or only cut off: members elsewhere get them in time, though they were never published."""
    survivor = pair[0]
    async with TcpProxy(server_stores.urls.redis) as proxy:
        killed = await start_instance(redis_url=f"redis://{proxy.address}/0")
        ana, ben = (
            await RegisteredUser.register("ana", killed),
            await RegisteredUser.register("ben", survivor),
        )
        oracle = Oracle(await ana.create_group(killed, [ben]))
        async with (
            ChatUser(ana, oracle, [killed]) as ana_chat,
            ChatUser(ben, oracle, [survivor]) as ben_chat,
        ):
            ben_view = oracle.views[-1]
            published = await ana_chat.send()
            await wait_until(lambda: oracle.all_received(published.seq))
            proxy.cut_all()
            unpublished = [await ana_chat.send() for _ in range(3)]
            if ending is not None:
                killed.signal(ending)
            await wait_until(lambda: ben_view.position == unpublished[-1].seq, DELIVERY_TIMEOUT_S)
            assert ben_chat.unannounced_gaps == 0
            if ending is signal.SIGSTOP:
                # Its client says goodbye when it is closed.
                killed.signal(signal.SIGCONT)
    oracle.check(await ben.read_history(survivor, oracle.conversation_id))

"""An instance is paused under load and continued later, while the other keeps running."""

import asyncio
import signal
from contextlib import AsyncExitStack

import msgspec

from tests.end_to_end.chat_user import FAST_SETTINGS, ChatUser
from tests.end_to_end.conftest import Pair, StartInstance
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser

LONG_TIMEOUTS = msgspec.structs.replace(FAST_SETTINGS, heartbeat_interval_s=60.0, resend_after_s=30.0)
MESSAGES = 400 if LONG_TESTS else 100
# Enough that most of them wait when the instance is paused.
SENT_BY_ANA, SENT_BY_BEN = 400, 20


async def test_paused_instance_causes_no_fork_and_no_gap(pair: Pair, start_instance: StartInstance) -> None:
    """Pending messages of the paused instance get seqs after those stored meanwhile; no client misses any."""
    running, paused = pair[0], await start_instance()
    users = [await RegisteredUser.register(f"p{number}", running) for number in range(4)]
    group = await users[0].create_group(running, users[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        chat_users = [
            await stack.enter_async_context(ChatUser(user, oracle, [instance], LONG_TIMEOUTS))
            for user, instance in zip(users, (running, paused, running, paused), strict=True)
        ]
        sends = asyncio.gather(*(chat_user.send_many(MESSAGES) for chat_user in chat_users))
        await wait_until(lambda: oracle.acknowledged > MESSAGES)
        paused.signal(signal.SIGSTOP)
        # Clients of the running instance finish; the others wait for the paused process.
        await wait_until(lambda: chat_users[0].acknowledged == chat_users[2].acknowledged == MESSAGES)
        assert not sends.done()
        assert chat_users[1].acknowledged < MESSAGES
        paused.signal(signal.SIGCONT)
        sent = await sends
        head = max(result.seq for results in sent for result in results)
        await wait_until(lambda: oracle.all_received(head))

        assert [chat_user.client.statistics().connects for chat_user in chat_users] == [1] * 4
        assert [chat_user.unannounced_gaps for chat_user in chat_users] == [0] * 4
    assert head == 4 * MESSAGES
    for instance in (running, paused):
        oracle.check(await users[0].read_history(instance, group), instance.url)


async def test_clients_leave_a_paused_instance(pair: Pair, start_instance: StartInstance) -> None:
    """Clients without heartbeat replies change instances and resend; each message is stored once."""
    running, paused = pair[0], await start_instance()
    ana, ben = await RegisteredUser.register("ana", running), await RegisteredUser.register("ben", running)
    group = await ana.create_group(running, [ben])
    oracle = Oracle(group)
    short_heartbeat = msgspec.structs.replace(FAST_SETTINGS, heartbeat_interval_s=1.0)
    async with (
        ChatUser(ana, oracle, [paused, running], short_heartbeat) as ana_chat,
        ChatUser(ben, oracle, [running]) as ben_chat,
    ):
        sends = asyncio.create_task(ana_chat.send_many(SENT_BY_ANA, concurrency=20))
        await wait_until(lambda: ana_chat.acknowledged > 10)
        paused.signal(signal.SIGSTOP)
        assert not sends.done()
        await ben_chat.send_many(SENT_BY_BEN)
        await sends
        assert ana_chat.client.url == running.url
        paused.signal(signal.SIGCONT)
        # The continued instance now tries to store its pending messages, which are all stored already.
        await wait_until(lambda: oracle.all_received(SENT_BY_ANA + SENT_BY_BEN))
        async with ana.http(paused) as http:
            assert (await http.conversation(group)).last_seq == SENT_BY_ANA + SENT_BY_BEN
    for instance in (running, paused):
        oracle.check(await ana.read_history(instance, group), instance.url)

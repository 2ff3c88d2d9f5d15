"""An instance stands still in mid-flood, while the other goes on, and then goes on itself."""

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


async def test_paused_instance_causes_no_fork_and_no_gap(pair: Pair, start_instance: StartInstance) -> None:
    """What it had under way is numbered anew behind what the other stored; its clients miss nothing."""
    awake, paused = pair[0], await start_instance()
    people = [await RegisteredUser.register(f"p{number}", awake) for number in range(4)]
    group = await people[0].create_group(awake, people[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(ChatUser(person, oracle, [at], LONG_TIMEOUTS))
            for person, at in zip(people, (awake, paused, awake, paused), strict=True)
        ]
        flood = asyncio.gather(*(talker.send_many(MESSAGES) for talker in talkers))
        await wait_until(lambda: oracle.acknowledged > MESSAGES)
        paused.signal(signal.SIGSTOP)
        # The awake ones finish; the others wait for a process that does not run.
        await wait_until(lambda: talkers[0].acknowledged == talkers[2].acknowledged == MESSAGES)
        assert not flood.done()
        assert talkers[1].acknowledged < MESSAGES
        paused.signal(signal.SIGCONT)
        sent = await flood
        head = max(result.seq for results in sent for result in results)
        await wait_until(lambda: oracle.all_received(head))

        assert [talker.client.statistics().connects for talker in talkers] == [1] * 4
        assert [talker.unannounced_gaps for talker in talkers] == [0] * 4
    assert head == 4 * MESSAGES
    for at in (awake, paused):
        oracle.check(await people[0].read_history(at, group), at.url)


async def test_clients_leave_a_paused_instance(pair: Pair, start_instance: StartInstance) -> None:
    """No heartbeat: they come back at the other one and say again what was not answered, once."""
    awake, paused = pair[0], await start_instance()
    ana, ben = await RegisteredUser.register("ana", awake), await RegisteredUser.register("ben", awake)
    group = await ana.create_group(awake, [ben])
    oracle = Oracle(group)
    hasty = msgspec.structs.replace(FAST_SETTINGS, heartbeat_interval_s=1.0)
    async with (
        ChatUser(ana, oracle, [paused, awake], hasty) as anas,
        ChatUser(ben, oracle, [awake]) as bens,
    ):
        flood = asyncio.create_task(anas.send_many(60, concurrency=20))
        await wait_until(lambda: anas.acknowledged > 10)
        paused.signal(signal.SIGSTOP)
        await bens.send_many(20)
        await flood
        assert anas.client.url == awake.url
        paused.signal(signal.SIGCONT)
        # What it had in hand when it stopped it now tries to store: all of that is stored already.
        await wait_until(lambda: oracle.all_received(80))
        async with ana.http(paused) as http:
            assert (await http.conversation(group)).last_seq == 80
    for at in (awake, paused):
        oracle.check(await ana.read_history(at, group), at.url)

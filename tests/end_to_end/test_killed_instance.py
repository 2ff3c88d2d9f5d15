"""An instance dies in mid-flood, without a word to anybody."""

import asyncio
import signal
from contextlib import AsyncExitStack

from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair, StartInstance
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser

PEOPLE = 4
MESSAGES = 300 if LONG_TESTS else 80


async def test_acknowledged_messages_survive_a_killed_instance(
    pair: Pair, start_instance: StartInstance
) -> None:
    """Each acknowledged message is there once; its clients come back at the other instance, and have all."""
    survivor, doomed = pair[0], await start_instance()
    people = [await RegisteredUser.register(f"p{number}", survivor) for number in range(PEOPLE)]
    group = await people[0].create_group(survivor, people[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        places = ([doomed, survivor], [survivor])
        talkers = [
            await stack.enter_async_context(ChatUser(person, oracle, places[number % 2]))
            for number, person in enumerate(people)
        ]
        flood = asyncio.gather(*(talker.send_many(MESSAGES) for talker in talkers))
        await wait_until(lambda: oracle.acknowledged > PEOPLE * MESSAGES // 4)
        doomed.signal(signal.SIGKILL)
        assert not flood.done()
        sent = await flood
        head = max(result.seq for results in sent for result in results)
        await wait_until(lambda: oracle.all_received(head))

        assert await doomed.wait_for_exit() == -signal.SIGKILL
        assert [talker.client.url for talker in talkers] == [survivor.url] * PEOPLE
        assert [talker.client.statistics().connects for talker in talkers] == [2, 1] * (PEOPLE // 2)
        assert [talker.unannounced_gaps for talker in talkers] == [0] * PEOPLE
    assert head == PEOPLE * MESSAGES
    oracle.check(await people[0].read_history(survivor, group))

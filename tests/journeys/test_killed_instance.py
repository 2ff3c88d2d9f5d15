"""An instance dies in mid-flood, without a word to anybody."""

import asyncio
import signal
from contextlib import AsyncExitStack

from tests.journeys.conftest import MoreInstances, Pair
from tests.journeys.oracle import Oracle
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker

PEOPLE = 4
MESSAGES = 300 if LONG else 80


async def test_what_was_acknowledged_outlives_a_killed_instance(pair: Pair, instance: MoreInstances) -> None:
    """Each acknowledged message is there once; its clients come back at the other instance, and have all."""
    survivor, doomed = pair[0], await instance()
    people = [await Person.register(f"p{number}", survivor) for number in range(PEOPLE)]
    group = await people[0].group(survivor, people[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        places = ([doomed, survivor], [survivor])
        talkers = [
            await stack.enter_async_context(Talker(person, oracle, places[number % 2]))
            for number, person in enumerate(people)
        ]
        flood = asyncio.gather(*(talker.flood(MESSAGES) for talker in talkers))
        await eventually(lambda: oracle.acknowledged > PEOPLE * MESSAGES // 4)
        doomed.signal(signal.SIGKILL)
        assert not flood.done()
        sent = await flood
        head = max(result.seq for results in sent for result in results)
        await eventually(lambda: oracle.all_saw(head))

        assert await doomed.ended() == -signal.SIGKILL
        assert [talker.client.url for talker in talkers] == [survivor.url] * PEOPLE
        assert [talker.client.statistics().connects for talker in talkers] == [2, 1] * (PEOPLE // 2)
        assert [talker.silent_gaps for talker in talkers] == [0] * PEOPLE
    assert head == PEOPLE * MESSAGES
    oracle.check(await people[0].log(survivor, group))

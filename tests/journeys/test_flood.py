"""Everybody speaks at once, at two instances: there is one order, and all see it whole."""

import asyncio
from contextlib import AsyncExitStack

from tests.journeys.conftest import Pair
from tests.journeys.oracle import Oracle
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker

PEOPLE = 6
MESSAGES = 300 if LONG else 60


async def test_a_flood_over_two_instances_has_one_order(pair: Pair) -> None:
    """One order, no gap, no duplicate; what one socket sends keeps its order; no gap is silent."""
    await flood(pair)


async def test_news_that_come_late_change_no_order(late_pair: Pair) -> None:
    """One instance hears of what the other stored long after it has read and overtaken it: the same holds."""
    await flood(late_pair)


async def flood(pair: Pair) -> None:
    people = [await Person.register(f"p{number}", pair[number % 2]) for number in range(PEOPLE)]
    group = await people[0].group(pair[0], people[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(Talker(person, oracle, [pair[number % 2]]))
            for number, person in enumerate(people)
        ]
        sent = await asyncio.gather(*(talker.flood(MESSAGES) for talker in talkers))
        head = max(result.seq for results in sent for result in results)
        await eventually(lambda: oracle.all_saw(head))

        for results in sent:
            assert [one.seq for one in results] == sorted(one.seq for one in results)
            assert not any(one.duplicate for one in results)
        assert [talker.silent_gaps for talker in talkers] == [0] * PEOPLE
        assert [talker.client.statistics().connects for talker in talkers] == [1] * PEOPLE
    assert head == PEOPLE * MESSAGES
    for instance in pair:
        oracle.check(await people[0].log(instance, group), instance.url)

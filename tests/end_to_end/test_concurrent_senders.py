"""Everybody speaks at once, at two instances: there is one order, and all see it whole."""

import asyncio
from contextlib import AsyncExitStack

from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser

PEOPLE = 6
MESSAGES = 300 if LONG_TESTS else 60


async def test_concurrent_senders_on_two_instances_get_one_order(pair: Pair) -> None:
    """One order, no gap, no duplicate; what one socket sends keeps its order; no gap is silent."""
    await send_concurrently(pair)


async def test_delayed_bus_does_not_change_the_order(delayed_pair: Pair) -> None:
    """One instance hears of what the other stored long after it has read and overtaken it: the same holds."""
    await send_concurrently(delayed_pair)


async def send_concurrently(pair: Pair) -> None:
    people = [await RegisteredUser.register(f"p{number}", pair[number % 2]) for number in range(PEOPLE)]
    group = await people[0].create_group(pair[0], people[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(ChatUser(person, oracle, [pair[number % 2]]))
            for number, person in enumerate(people)
        ]
        sent = await asyncio.gather(*(talker.send_many(MESSAGES) for talker in talkers))
        head = max(result.seq for results in sent for result in results)
        await wait_until(lambda: oracle.all_received(head))

        for results in sent:
            assert [one.seq for one in results] == sorted(one.seq for one in results)
            assert not any(one.duplicate for one in results)
        assert [talker.unannounced_gaps for talker in talkers] == [0] * PEOPLE
        assert [talker.client.statistics().connects for talker in talkers] == [1] * PEOPLE
    assert head == PEOPLE * MESSAGES
    for instance in pair:
        oracle.check(await people[0].read_history(instance, group), instance.url)

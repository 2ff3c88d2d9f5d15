"""An instance stands still in mid-flood, while the other goes on, and then goes on itself."""

import asyncio
import signal
from contextlib import AsyncExitStack

import msgspec

from tests.journeys.conftest import MoreInstances, Pair
from tests.journeys.oracle import Oracle
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.journeys.talker import QUICK, Talker

PATIENT = msgspec.structs.replace(QUICK, heartbeat_s=60.0, answer_s=30.0)
MESSAGES = 400 if LONG else 100


async def test_an_instance_that_stood_still_makes_no_fork_and_no_hole(
    pair: Pair, instance: MoreInstances
) -> None:
    """What it had under way is numbered anew behind what the other stored; its clients miss nothing."""
    awake, paused = pair[0], await instance()
    people = [await Person.register(f"p{number}", awake) for number in range(4)]
    group = await people[0].group(awake, people[1:])
    oracle = Oracle(group)
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(Talker(person, oracle, [at], PATIENT))
            for person, at in zip(people, (awake, paused, awake, paused), strict=True)
        ]
        flood = asyncio.gather(*(talker.flood(MESSAGES) for talker in talkers))
        await eventually(lambda: oracle.acknowledged > MESSAGES)
        paused.signal(signal.SIGSTOP)
        # The awake ones finish; the others wait for a process that does not run.
        await eventually(lambda: talkers[0].answered == talkers[2].answered == MESSAGES)
        assert not flood.done()
        assert talkers[1].answered < MESSAGES
        paused.signal(signal.SIGCONT)
        sent = await flood
        head = max(result.seq for results in sent for result in results)
        await eventually(lambda: oracle.all_saw(head))

        assert [talker.client.statistics().connects for talker in talkers] == [1] * 4
        assert [talker.silent_gaps for talker in talkers] == [0] * 4
    assert head == 4 * MESSAGES
    for at in (awake, paused):
        oracle.check(await people[0].log(at, group), at.url)


async def test_clients_of_an_instance_that_stands_still_go_elsewhere(
    pair: Pair, instance: MoreInstances
) -> None:
    """No heartbeat: they come back at the other one and say again what was not answered, once."""
    awake, paused = pair[0], await instance()
    ana, ben = await Person.register("ana", awake), await Person.register("ben", awake)
    group = await ana.group(awake, [ben])
    oracle = Oracle(group)
    hasty = msgspec.structs.replace(QUICK, heartbeat_s=1.0)
    async with (
        Talker(ana, oracle, [paused, awake], hasty) as anas,
        Talker(ben, oracle, [awake]) as bens,
    ):
        flood = asyncio.create_task(anas.flood(60, at_once=20))
        await eventually(lambda: anas.answered > 10)
        paused.signal(signal.SIGSTOP)
        await bens.flood(20)
        await flood
        assert anas.client.url == awake.url
        paused.signal(signal.SIGCONT)
        # What it had in hand when it stopped it now tries to store: all of that is stored already.
        await eventually(lambda: oracle.all_saw(80))
        async with ana.http(paused) as http:
            assert (await http.conversation(group)).last_seq == 80
    for at in (awake, paused):
        oracle.check(await ana.log(at, group), at.url)

"""One instance after the other is stopped and started again, as at every deployment, while people chat."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

import pytest

from client.encoding import JSON, MSGPACK
from config.limits import Limits
from tests.journeys.absences import Absences
from tests.journeys.conftest import MoreInstances
from tests.journeys.instance import Instance, free_port
from tests.journeys.oracle import Oracle
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker

PEOPLE = 200 if LONG else 24
GROUPS = 10 if LONG else 4
PACE_S = 0.5 if LONG else 0.1
ABSENCE_S = 10.0
STOP_S = Limits().shutdown_ms / 1000


@pytest.mark.timeout(300 if LONG else 120)
async def test_a_rolling_restart_loses_nothing(instance: MoreInstances) -> None:
    """Both end with 0 in time; all that was said is heard once, in order; nobody is away for long."""
    pair = await asyncio.gather(instance(port=free_port()), instance(port=free_port()))
    people = [await Person.register(f"p{n}", pair[n % 2]) for n in range(PEOPLE)]
    members = [[one for n, one in enumerate(people) if group in groups_of(n)] for group in range(GROUPS)]
    oracles = [Oracle(await some[0].group(pair[0], some[1:])) for some in members]
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(talker(n, one, oracles, pair)) for n, one in enumerate(people)
        ]
        absences = Absences([one.client for one in talkers])
        watching = asyncio.create_task(absences.watch())
        enough = asyncio.Event()
        chat = asyncio.gather(*(one.chat(enough, PACE_S) for one in talkers))
        for one in pair:
            await all_go_on(talkers)
            await stopped_in_time(one)
            await one.start()
        await all_go_on(talkers)
        enough.set()
        await chat
        await eventually(lambda: all(one.all_saw(one.acknowledged) for one in oracles))
        watching.cancel()

        assert [one.silent_gaps for one in talkers] == [0] * PEOPLE
        # Whoever began at the first one had to go twice.
        assert [one.client.statistics().connects for one in talkers] == [3, 2] * (PEOPLE // 2)
        assert len(absences.seconds) == PEOPLE // 2 * 3
        longest_s = max(absences.seconds)
        assert longest_s < ABSENCE_S, f"somebody was away for {longest_s:.2f} s"
    for some, oracle in zip(members, oracles, strict=True):
        for one in pair:
            oracle.check(await some[0].log(one, oracle.conversation_id), one.url)


def groups_of(number: int) -> tuple[int, int]:
    """Each is in two; those four who are in the same two differ in where they are, or in how they encode."""
    first = number // 4 % GROUPS
    return first, (first + 1) % GROUPS


def talker(number: int, person: Person, oracles: Sequence[Oracle], pair: tuple[Instance, Instance]) -> Talker:
    one, other = (oracles[group] for group in groups_of(number))
    encoding = MSGPACK if number // 2 % 2 else JSON
    places = pair[::-1] if number % 2 else pair
    return Talker(person, one, places, encoding=encoding, others=[other])


async def all_go_on(talkers: Sequence[Talker]) -> None:
    """Everybody has a server, and is answered by it."""
    await eventually(lambda: all(one.client.connected for one in talkers))
    before = [one.answered for one in talkers]
    await eventually(lambda: all(one.answered > then + 1 for one, then in zip(talkers, before, strict=True)))


async def stopped_in_time(one: Instance) -> None:
    began = time.monotonic()
    assert await one.stop() == 0
    assert time.monotonic() - began < STOP_S

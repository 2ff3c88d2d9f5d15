"""A client whose user looks away: what it was handed waits, so it reads no more, and the room goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import msgspec

from actors.protocol.server_frames import ServerFrame
from client.client import Client
from client.encoding import MSGPACK
from tests.journeys.conftest import MoreInstances, Pair
from tests.journeys.oracle import Oracle, View
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.journeys.talker import QUICK, Talker

LONG_TEXT = "👋" * 3900
ROUND = 20
ROUNDS_MAX = 120 if LONG else 40
SPARED = 2000 if LONG else 50
SHED = "convene_frames_shed_total"
TOO_SLOW = 'convene_connections_closed_total{code="4002"}'
UNLIMITED = {"messages_per_s": 10_000, "messages_burst": 10_000, "write_timeout_ms": 60_000}

STILL = msgspec.structs.replace(QUICK, frames_waiting=20, heartbeat_s=60.0)
"""While it reads nothing it hears no answer to a ping of its own either."""


async def test_a_client_that_stood_still_gets_all_that_it_was_spared(
    pair: Pair, instance: MoreInstances
) -> None:
    """It reads on, on the same connection: told what it lacks, it fetches it, and hands all on in order."""
    at = await instance(**UNLIMITED)
    people = [await Person.register(f"p{number}", at) for number in range(4)]
    slow = await Person.register("slow", at)
    oracle = Oracle(await people[0].group(at, [*people[1:], slow]))
    view = oracle.view("slow")
    # It knows of no conversation before it hears of one: nothing is fetched for it while it stands still.
    client = Client([at.url], slow.token, timing=STILL, encoding=MSGPACK, discover=False)
    frames = client.frames()
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(Talker(one, oracle, [pair[0] if n == 0 else at]))
            for n, one in enumerate(people)
        ]
        await stack.enter_async_context(client)
        rounds = 0
        while (now := await at.metrics()).get(SHED, 0) < SPARED:
            assert now.get(TOO_SLOW, 0) == 0
            assert rounds < ROUNDS_MAX, "the slow client was spared nothing"
            await a_round(talkers, oracle, view)
            rounds += 1
        assert not view.seqs
        # What is said while it reads on comes in between.
        reading = asyncio.create_task(read_on(frames, view))
        await a_round(talkers, oracle, view)
        await eventually(lambda: oracle.all_saw(oracle.acknowledged), 30.0)
        await talkers[0].say("and on")
        await eventually(lambda: oracle.all_saw(oracle.acknowledged))
        reading.cancel()

        assert client.statistics().connects == 1
        assert client.statistics().silent_gaps == 0
        assert (await at.metrics()).get(TOO_SLOW, 0) == 0
    oracle.check(await slow.log(at, oracle.conversation_id))


async def a_round(talkers: Sequence[Talker], oracle: Oracle, slow: View) -> None:
    """Each says some long things; all but the slow one hear them."""

    async def talk(one: Talker, text: str) -> None:
        for _ in range(ROUND):
            await one.say(text)

    # What the first one says is short enough to be told to the other instance itself, not by its seq.
    await asyncio.gather(*(talk(one, LONG_TEXT if number else "") for number, one in enumerate(talkers)))
    others = [view for view in oracle.views if view is not slow]
    await eventually(lambda: all(view.position >= oracle.acknowledged for view in others))


async def read_on(frames: AsyncIterator[ServerFrame], view: View) -> None:
    async for frame in frames:
        view.hear(frame)

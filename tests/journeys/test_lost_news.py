"""Redis loses some of what instances tell each other: it comes late, and none of it is missing."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from actors.protocol.server_frames import ConversationJoined, Resync, ServerFrame
from client.client import Client
from tests.conftest import LoopThread
from tests.journeys.cable import Cable
from tests.journeys.conftest import Pair, two_instances
from tests.journeys.instance import Backing
from tests.journeys.oracle import Oracle
from tests.journeys.patience import LONG, eventually
from tests.journeys.person import Person
from tests.journeys.sieve import Sieve
from tests.journeys.talker import Talker

LATE_S = 6.0
"""What the contract allows for."""

REPEATED = 3
"""How often an instance tells of one entry within the first six seconds: the entry, and its head twice."""

SINGLE = 100 if LONG else 8
FLOOD = 1000 if LONG else 80
Sieved = tuple[Sieve, Pair]


@pytest.fixture(scope="module")
def both(
    backing: Backing, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sieved]:
    """Two instances, and the sieve through which both hear what Redis says."""
    sieve = Sieve()
    cable = Cable(backing.urls.redis, sieve=sieve.mesh)
    background.run(cable.__aenter__())
    urls = msgspec.structs.replace(backing.urls, redis=f"redis://{cable.address}/0")
    own = msgspec.structs.replace(backing, urls=urls)
    try:
        with two_instances(own, background, tmp_path_factory.mktemp("sieved")) as pair:
            yield sieve, pair
    finally:
        background.run(cable.__aexit__())


@pytest.fixture
def sieved(both: Sieved) -> Iterator[Sieved]:
    yield both
    both[0].lose(0)


async def test_every_tenth_message_of_redis_is_lost(sieved: Sieved) -> None:
    """In a flood, and where nothing follows that would tell of it: both sides see all, in order, in time."""
    sieve, (here, there) = sieved
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    oracle = Oracle(await ana.group(here, [ben]))
    async with Talker(ana, oracle, [here]) as anas, Talker(ben, oracle, [there]) as bens:
        sieve.lose(every=10)
        await asyncio.gather(anas.flood(FLOOD), bens.flood(FLOOD))
        await eventually(lambda: oracle.all_saw(2 * FLOOD), LATE_S)
        for _ in range(SINGLE):
            for one in (anas, bens):
                said = await one.say()
                await eventually(lambda: oracle.all_saw(said.seq), LATE_S)  # noqa: B023 - it is over at once
        assert sieve.lost > SINGLE // 5
        assert oracle.slowest_s < LATE_S
        assert [anas.silent_gaps, bens.silent_gaps] == [0, 0]
    oracle.check(await ana.log(here, oracle.conversation_id))


@pytest.mark.skipif(not LONG, reason="a long one: make test-long")
async def test_the_first_word_after_a_silence_is_lost(sieved: Sieved) -> None:
    """When the heads before it are hardly repeated any more: its own is all the same, in time."""
    sieve, (here, there) = sieved
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    oracle = Oracle(await ana.group(here, [ben]))
    async with Talker(ana, oracle, [here]) as anas, Talker(ben, oracle, [there]):
        sieve.lose(every=0, topics=f"c:{oracle.conversation_id}".encode())
        await anas.say()
        await eventually(lambda: sieve.passed == REPEATED * 2)
        sieve.lose(every=1, topics=f"c:{oracle.conversation_id}".encode())
        said = await anas.say()
        await eventually(lambda: sieve.lost == 2)
        sieve.lose(every=0)
        await eventually(lambda: oracle.all_saw(said.seq), LATE_S, "it was not told again in time")


async def test_what_is_lost_of_a_user_stream_comes_with_the_next(sieved: Sieved) -> None:
    """A gap in the positions is seen, and filled, before the frame behind it is told."""
    sieve, (here, there) = sieved
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    heard: list[ServerFrame] = []
    async with Client([there.url], ben.token, on_frame=heard.append):
        sieve.lose(every=3, topics=f"u:{ben.id}".encode())
        made = [await ana.group(here, [ben]) for _ in range(8)]
        await eventually(lambda: len(joined(heard)) == len(made), LATE_S)
    assert joined(heard) == made
    assert sieve.lost == 2


async def test_what_is_lost_of_a_user_stream_comes_though_nothing_follows(sieved: Sieved) -> None:
    """Whoever is taken into a group hears of it in time, or is told to read anew."""
    sieve, (here, there) = sieved
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    heard: list[ServerFrame] = []
    async with Client([there.url], ben.token, on_frame=heard.append):
        sieve.lose(every=1, topics=f"u:{ben.id}".encode())
        group = await ana.group(here, [ben])
        await eventually(lambda: sieve.lost == 1)
        sieve.lose(0)
        await eventually(lambda: told_of(group, heard), LATE_S, "a stream frame that was lost stays lost")


def joined(heard: list[ServerFrame]) -> list[str]:
    return [one.conversation.id for one in heard if isinstance(one, ConversationJoined)]


def told_of(group: str, heard: list[ServerFrame]) -> bool:
    return group in joined(heard) or any(isinstance(one, Resync) for one in heard)

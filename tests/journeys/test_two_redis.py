"""Topics spread over two Redis servers: nobody notices, and one that is lost delays what is there alone."""

from collections.abc import Iterator

import pytest

from actors.protocol.server_frames import ConversationJoined
from client.client import Client
from tests.journeys.conftest import MoreInstances
from tests.journeys.instance import Backing
from tests.journeys.oracle import Oracle
from tests.journeys.patience import eventually
from tests.journeys.person import Person
from tests.journeys.talker import Talker
from tests.storage.valkey_server import ValkeyServer

GROUPS = 5
"""That all of them are at one of two servers is one chance in sixteen."""


@pytest.fixture
def second() -> Iterator[ValkeyServer]:
    """A Redis server beside the run's own, which a test may lose."""
    server = ValkeyServer()
    server.start()
    yield server
    server.close()


async def test_people_talk_over_two_redis_servers(
    instance: MoreInstances, backing: Backing, second: ValkeyServer
) -> None:
    """In many conversations over two instances, also while one of the servers is away and comes back."""
    urls = f"{backing.urls.redis},{second.url}"
    here, there = await instance(redis_url=urls), await instance(redis_url=urls)
    ana, ben = await Person.register("ana", here), await Person.register("ben", there)
    joined: list[ConversationJoined] = []

    async with Client(
        [there.url],
        ben.token,
        on_frame=lambda frame: joined.append(frame) if isinstance(frame, ConversationJoined) else None,
    ):
        groups = [await ana.group(here, [ben]) for _ in range(GROUPS)]
        await eventually(lambda: {frame.conversation.id for frame in joined} == set(groups))
    for number, group in enumerate(groups):
        oracle = Oracle(group)
        async with Talker(ana, oracle, [here]) as first, Talker(ben, oracle, [there]) as other:
            await first.flood(20)
            await other.flood(20)
            await heard(oracle)
            if number == 0:
                second.kill()
                await first.flood(10)
                second.start()
            await other.flood(10)
            await heard(oracle)
        oracle.check(await ana.log(here, group))


async def heard(oracle: Oracle) -> None:
    """Wait until everybody has seen what was acknowledged."""
    await eventually(lambda: oracle.all_saw(oracle.acknowledged))

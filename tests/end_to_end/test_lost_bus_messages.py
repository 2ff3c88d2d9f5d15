"""Redis loses some of what instances tell each other: it comes late, and none of it is missing."""

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from actors.protocol.server_frames import ConversationJoined, Resync, ServerFrame
from client.client import Client
from tests.conftest import LoopThread
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair, two_instances
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.resp_filter import RespFilter
from tests.end_to_end.server_process import ServerStores
from tests.end_to_end.tcp_proxy import TcpProxy

DELIVERY_TIMEOUT_S = 6.0
"""What the contract allows for."""

PUBLICATIONS_PER_ENTRY = 3
"""How often an instance tells of one entry within the first six seconds: the entry, and its head twice."""

SINGLE_MESSAGES = 100 if LONG_TESTS else 8
CONCURRENT_MESSAGES = 1000 if LONG_TESTS else 80
FilteredInstances = tuple[RespFilter, Pair]


@pytest.fixture(scope="module")
def filtered_instances(
    server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FilteredInstances]:
    """Two instances, and the sieve through which both hear what Redis says."""
    sieve = RespFilter()
    cable = TcpProxy(server_stores.urls.redis, make_filter=sieve.filter_connection)
    background.run(cable.__aenter__())
    urls = msgspec.structs.replace(server_stores.urls, redis=f"redis://{cable.address}/0")
    own = msgspec.structs.replace(server_stores, urls=urls)
    try:
        with two_instances(own, background, tmp_path_factory.mktemp("sieved")) as pair:
            yield sieve, pair
    finally:
        background.run(cable.__aexit__())


@pytest.fixture
def lossy_instances(filtered_instances: FilteredInstances) -> Iterator[FilteredInstances]:
    yield filtered_instances
    filtered_instances[0].drop(0)


async def test_losing_every_tenth_bus_message_loses_no_frame(lossy_instances: FilteredInstances) -> None:
    """In a flood, and where nothing follows that would tell of it: both sides see all, in order, in time."""
    sieve, (here, there) = lossy_instances
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    oracle = Oracle(await ana.create_group(here, [ben]))
    async with ChatUser(ana, oracle, [here]) as anas, ChatUser(ben, oracle, [there]) as bens:
        sieve.drop(every=10)
        await asyncio.gather(anas.send_many(CONCURRENT_MESSAGES), bens.send_many(CONCURRENT_MESSAGES))
        await wait_until(lambda: oracle.all_received(2 * CONCURRENT_MESSAGES), DELIVERY_TIMEOUT_S)
        for _ in range(SINGLE_MESSAGES):
            for one in (anas, bens):
                said = await one.send()
                await wait_until(lambda: oracle.all_received(said.seq), DELIVERY_TIMEOUT_S)  # noqa: B023 - it is over at once
        assert sieve.dropped > SINGLE_MESSAGES // 5
        assert oracle.slowest_s < DELIVERY_TIMEOUT_S
        assert [anas.unannounced_gaps, bens.unannounced_gaps] == [0, 0]
    oracle.check(await ana.read_history(here, oracle.conversation_id))


@pytest.mark.skipif(not LONG_TESTS, reason="a long one: make test-long")
async def test_lost_first_message_after_silence_is_recovered(lossy_instances: FilteredInstances) -> None:
    """When the heads before it are hardly repeated any more: its own is all the same, in time."""
    sieve, (here, there) = lossy_instances
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    oracle = Oracle(await ana.create_group(here, [ben]))
    async with ChatUser(ana, oracle, [here]) as anas, ChatUser(ben, oracle, [there]):
        sieve.drop(every=0, topic_prefix=f"c:{oracle.conversation_id}".encode())
        await anas.send()
        await wait_until(lambda: sieve.passed == PUBLICATIONS_PER_ENTRY * 2)
        sieve.drop(every=1, topic_prefix=f"c:{oracle.conversation_id}".encode())
        said = await anas.send()
        await wait_until(lambda: sieve.dropped == 2)
        sieve.drop(every=0)
        await wait_until(
            lambda: oracle.all_received(said.seq), DELIVERY_TIMEOUT_S, "it was not told again in time"
        )


async def test_lost_stream_frame_is_recovered_with_the_next(lossy_instances: FilteredInstances) -> None:
    """A gap in the positions is seen, and filled, before the frame behind it is told."""
    sieve, (here, there) = lossy_instances
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    heard: list[ServerFrame] = []
    async with Client([there.url], ben.token, on_frame=heard.append):
        sieve.drop(every=3, topic_prefix=f"u:{ben.id}".encode())
        made = [await ana.create_group(here, [ben]) for _ in range(8)]
        await wait_until(lambda: len(joined_conversations(heard)) == len(made), DELIVERY_TIMEOUT_S)
    assert joined_conversations(heard) == made
    assert sieve.dropped == 2


async def test_lost_last_stream_frame_is_recovered(lossy_instances: FilteredInstances) -> None:
    """Whoever is taken into a group hears of it in time, or is told to read anew."""
    sieve, (here, there) = lossy_instances
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    heard: list[ServerFrame] = []
    async with Client([there.url], ben.token, on_frame=heard.append):
        sieve.drop(every=1, topic_prefix=f"u:{ben.id}".encode())
        group = await ana.create_group(here, [ben])
        await wait_until(lambda: sieve.dropped == 1)
        sieve.drop(0)
        await wait_until(
            lambda: knows_of(group, heard), DELIVERY_TIMEOUT_S, "a stream frame that was lost stays lost"
        )


def joined_conversations(frames: list[ServerFrame]) -> list[str]:
    return [one.conversation.id for one in frames if isinstance(one, ConversationJoined)]


def knows_of(group: str, frames: list[ServerFrame]) -> bool:
    return group in joined_conversations(frames) or any(isinstance(one, Resync) for one in frames)

"""Lost Redis pub/sub messages delay frames but do not lose them."""

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
from tests.tcp_proxy import TcpProxy

DELIVERY_TIMEOUT_S = 6.0
"""The maximum delivery time in the API contract."""

PUBLICATIONS_PER_ENTRY = 3
"""Publications of one entry within the first six seconds: the entry, and its head twice."""

SINGLE_MESSAGES = 100 if LONG_TESTS else 8
CONCURRENT_MESSAGES = 1000 if LONG_TESTS else 80
FilteredInstances = tuple[RespFilter, Pair]


@pytest.fixture(scope="module")
def filtered_instances(
    server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FilteredInstances]:
    """Two instances whose Redis connections go through a filter that can drop messages."""
    resp_filter = RespFilter()
    proxy = TcpProxy(server_stores.urls.redis, make_filter=resp_filter.filter_connection)
    background.run(proxy.__aenter__())
    urls = msgspec.structs.replace(server_stores.urls, redis=f"redis://{proxy.address}/0")
    proxied_stores = msgspec.structs.replace(server_stores, urls=urls)
    try:
        with two_instances(proxied_stores, background, tmp_path_factory.mktemp("filtered")) as pair:
            yield resp_filter, pair
    finally:
        background.run(proxy.__aexit__())


@pytest.fixture
def lossy_instances(filtered_instances: FilteredInstances) -> Iterator[FilteredInstances]:
    yield filtered_instances
    filtered_instances[0].drop(0)


async def test_losing_every_tenth_bus_message_loses_no_frame(lossy_instances: FilteredInstances) -> None:
    """Both clients receive every frame in order and in time, under load and for single messages."""
    resp_filter, (first_instance, second_instance) = lossy_instances
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    oracle = Oracle(await ana.create_group(first_instance, [ben]))
    async with (
        ChatUser(ana, oracle, [first_instance]) as ana_chat,
        ChatUser(ben, oracle, [second_instance]) as ben_chat,
    ):
        resp_filter.drop(every=10)
        await asyncio.gather(ana_chat.send_many(CONCURRENT_MESSAGES), ben_chat.send_many(CONCURRENT_MESSAGES))
        await wait_until(lambda: oracle.all_received(2 * CONCURRENT_MESSAGES), DELIVERY_TIMEOUT_S)
        for _ in range(SINGLE_MESSAGES):
            for chat_user in (ana_chat, ben_chat):
                sent = await chat_user.send()
                await wait_until(lambda: oracle.all_received(sent.seq), DELIVERY_TIMEOUT_S)  # noqa: B023 - called only in this iteration
        assert resp_filter.dropped > SINGLE_MESSAGES // 5
        assert oracle.slowest_s < DELIVERY_TIMEOUT_S
        assert [ana_chat.unannounced_gaps, ben_chat.unannounced_gaps] == [0, 0]
    oracle.check(await ana.read_history(first_instance, oracle.conversation_id))


@pytest.mark.skipif(not LONG_TESTS, reason="slow: runs with make test-long")
async def test_lost_first_message_after_silence_is_recovered(lossy_instances: FilteredInstances) -> None:
    """After earlier heads are no longer repeated, the first lost message is still recovered in time."""
    resp_filter, (first_instance, second_instance) = lossy_instances
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    oracle = Oracle(await ana.create_group(first_instance, [ben]))
    async with ChatUser(ana, oracle, [first_instance]) as ana_chat, ChatUser(ben, oracle, [second_instance]):
        resp_filter.drop(every=0, topic_prefix=f"c:{oracle.conversation_id}".encode())
        await ana_chat.send()
        await wait_until(lambda: resp_filter.passed == PUBLICATIONS_PER_ENTRY * 2)
        resp_filter.drop(every=1, topic_prefix=f"c:{oracle.conversation_id}".encode())
        sent = await ana_chat.send()
        await wait_until(lambda: resp_filter.dropped == 2)
        resp_filter.drop(every=0)
        await wait_until(
            lambda: oracle.all_received(sent.seq),
            DELIVERY_TIMEOUT_S,
            "the lost message was not recovered in time",
        )


async def test_lost_stream_frame_is_recovered_with_the_next(lossy_instances: FilteredInstances) -> None:
    """A gap in the stream positions is filled before the next frame is delivered."""
    resp_filter, (first_instance, second_instance) = lossy_instances
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    frames: list[ServerFrame] = []
    async with Client([second_instance.url], ben.token, on_frame=frames.append):
        resp_filter.drop(every=3, topic_prefix=f"u:{ben.id}".encode())
        groups = [await ana.create_group(first_instance, [ben]) for _ in range(8)]
        await wait_until(lambda: len(joined_conversations(frames)) == len(groups), DELIVERY_TIMEOUT_S)
    assert joined_conversations(frames) == groups
    assert resp_filter.dropped == 2


async def test_lost_last_stream_frame_is_recovered(lossy_instances: FilteredInstances) -> None:
    """A lost `conversation.joined` without a later frame is recovered in time, or causes `resync`."""
    resp_filter, (first_instance, second_instance) = lossy_instances
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    frames: list[ServerFrame] = []
    async with Client([second_instance.url], ben.token, on_frame=frames.append):
        resp_filter.drop(every=1, topic_prefix=f"u:{ben.id}".encode())
        group = await ana.create_group(first_instance, [ben])
        await wait_until(lambda: resp_filter.dropped == 1)
        resp_filter.drop(0)
        await wait_until(
            lambda: knows_of(group, frames), DELIVERY_TIMEOUT_S, "the lost stream frame was not recovered"
        )


def joined_conversations(frames: list[ServerFrame]) -> list[str]:
    return [frame.conversation.id for frame in frames if isinstance(frame, ConversationJoined)]


def knows_of(group: str, frames: list[ServerFrame]) -> bool:
    return group in joined_conversations(frames) or any(isinstance(frame, Resync) for frame in frames)

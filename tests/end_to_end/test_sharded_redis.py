"""Topics spread over two Redis servers: nobody notices, and one that is lost delays what is there alone."""

from collections.abc import Iterator

import pytest

from actors.protocol.server_frames import ConversationJoined
from client.client import Client
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import StartInstance
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerStores
from tests.storage.valkey_server import ValkeyServer

GROUPS = 5
"""That all of them are at one of two servers is one chance in sixteen."""


@pytest.fixture
def second_redis() -> Iterator[ValkeyServer]:
    """A Redis server beside the run's own, which a test may lose."""
    server = ValkeyServer()
    server.start()
    yield server
    server.close()


async def test_messages_are_delivered_over_two_redis_servers(
    start_instance: StartInstance, server_stores: ServerStores, second_redis: ValkeyServer
) -> None:
    """In many conversations over two instances, also while one of the servers is away and comes back."""
    urls = f"{server_stores.urls.redis},{second_redis.url}"
    here, there = await start_instance(redis_url=urls), await start_instance(redis_url=urls)
    ana, ben = await RegisteredUser.register("ana", here), await RegisteredUser.register("ben", there)
    joined: list[ConversationJoined] = []

    async with Client(
        [there.url],
        ben.token,
        on_frame=lambda frame: joined.append(frame) if isinstance(frame, ConversationJoined) else None,
    ):
        groups = [await ana.create_group(here, [ben]) for _ in range(GROUPS)]
        await wait_until(lambda: {frame.conversation.id for frame in joined} == set(groups))
    for number, group in enumerate(groups):
        oracle = Oracle(group)
        async with ChatUser(ana, oracle, [here]) as first, ChatUser(ben, oracle, [there]) as other:
            await first.send_many(20)
            await other.send_many(20)
            await wait_until_delivered(oracle)
            if number == 0:
                second_redis.kill()
                await first.send_many(10)
                second_redis.start()
            await other.send_many(10)
            await wait_until_delivered(oracle)
        oracle.check(await ana.read_history(here, group))


async def wait_until_delivered(oracle: Oracle) -> None:
    """Wait until everybody has seen what was acknowledged."""
    await wait_until(lambda: oracle.all_received(oracle.acknowledged))

"""Topics sharded over two Redis servers."""

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
"""With probability 1/16 all of them are on the same server."""


@pytest.fixture
def second_redis() -> Iterator[ValkeyServer]:
    """A second Redis server, which the test may kill."""
    server = ValkeyServer()
    server.start()
    yield server
    server.close()


async def test_messages_are_delivered_over_two_redis_servers(
    start_instance: StartInstance, server_stores: ServerStores, second_redis: ValkeyServer
) -> None:
    """Messages are delivered across instances while one of the Redis servers is restarted."""
    urls = f"{server_stores.urls.redis},{second_redis.url}"
    first_instance, second_instance = (
        await start_instance(redis_url=urls),
        await start_instance(redis_url=urls),
    )
    ana, ben = (
        await RegisteredUser.register("ana", first_instance),
        await RegisteredUser.register("ben", second_instance),
    )
    joined: list[ConversationJoined] = []

    async with Client(
        [second_instance.url],
        ben.token,
        on_frame=lambda frame: joined.append(frame) if isinstance(frame, ConversationJoined) else None,
    ):
        groups = [await ana.create_group(first_instance, [ben]) for _ in range(GROUPS)]
        await wait_until(lambda: {frame.conversation.id for frame in joined} == set(groups))
    for number, group in enumerate(groups):
        oracle = Oracle(group)
        async with (
            ChatUser(ana, oracle, [first_instance]) as ana_chat,
            ChatUser(ben, oracle, [second_instance]) as ben_chat,
        ):
            await ana_chat.send_many(20)
            await ben_chat.send_many(20)
            await wait_until_delivered(oracle)
            if number == 0:
                second_redis.kill()
                await ana_chat.send_many(10)
                second_redis.start()
            await ben_chat.send_many(10)
            await wait_until_delivered(oracle)
        oracle.check(await ana.read_history(first_instance, group))


async def wait_until_delivered(oracle: Oracle) -> None:
    """Wait until every client has received all acknowledged messages."""
    await wait_until(lambda: oracle.all_received(oracle.acknowledged))

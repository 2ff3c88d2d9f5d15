"""A client whose application stops consuming frames, so that it stops reading from the socket."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import msgspec

from actors.protocol.server_frames import ServerFrame
from client.client import Client
from client.encoding import MSGPACK
from tests.end_to_end.chat_user import FAST_SETTINGS, ChatUser
from tests.end_to_end.conftest import Pair, StartInstance
from tests.end_to_end.oracle import ClientView, Oracle
from tests.end_to_end.polling import LONG_TESTS, wait_until
from tests.end_to_end.registered_user import RegisteredUser

LONG_TEXT = "👋" * 3900
MESSAGES_PER_ROUND = 20
ROUNDS_MAX = 120 if LONG_TESTS else 40
SHED_FRAMES_MIN = 2000 if LONG_TESTS else 50
SHED = "convene_frames_shed_total"
TOO_SLOW = 'convene_connections_closed_total{code="4002"}'
UNLIMITED = {"messages_per_s": 10_000, "messages_burst": 10_000, "write_timeout_ms": 60_000}

SLOW_SETTINGS = msgspec.structs.replace(
    FAST_SETTINGS, queued_frames_max=20, heartbeat_interval_s=60.0, encoding=MSGPACK, list_conversations=False
)
"""A long heartbeat interval: while the client does not read, it receives no pongs either."""


async def test_slow_client_fetches_all_shed_frames(pair: Pair, start_instance: StartInstance) -> None:
    """When it reads again on the same connection, it fetches the ranges in `lagged` and delivers in order."""
    instance = await start_instance(**UNLIMITED)
    users = [await RegisteredUser.register(f"p{number}", instance) for number in range(4)]
    slow = await RegisteredUser.register("slow", instance)
    oracle = Oracle(await users[0].create_group(instance, [*users[1:], slow]))
    view = oracle.add_view("slow")
    # Without discovery it knows no conversation in advance, so it fetches nothing while it does not read.
    client = Client([instance.url], slow.token, settings=SLOW_SETTINGS)
    frames = client.frames()
    async with AsyncExitStack() as stack:
        chat_users = [
            await stack.enter_async_context(ChatUser(user, oracle, [pair[0] if n == 0 else instance]))
            for n, user in enumerate(users)
        ]
        await stack.enter_async_context(client)
        rounds = 0
        while (metrics := await instance.metrics()).get(SHED, 0) < SHED_FRAMES_MIN:
            assert metrics.get(TOO_SLOW, 0) == 0
            assert rounds < ROUNDS_MAX, "no frames were shed for the slow client"
            await send_round(chat_users, oracle, view)
            rounds += 1
        assert not view.seqs
        # Messages sent while it catches up are interleaved with the fetched ones.
        reading = asyncio.create_task(read_frames(frames, view))
        await send_round(chat_users, oracle, view)
        await wait_until(lambda: oracle.all_received(oracle.acknowledged), 30.0)
        await chat_users[0].send("and on")
        await wait_until(lambda: oracle.all_received(oracle.acknowledged))
        reading.cancel()

        assert client.statistics().connects == 1
        assert client.statistics().unannounced_gaps == 0
        assert (await instance.metrics()).get(TOO_SLOW, 0) == 0
    oracle.check(await slow.read_history(instance, oracle.conversation_id))


async def send_round(chat_users: Sequence[ChatUser], oracle: Oracle, slow: ClientView) -> None:
    """Send long messages from every user and wait until all views but the slow one received them."""

    async def talk(chat_user: ChatUser, text: str) -> None:
        for _ in range(MESSAGES_PER_ROUND):
            await chat_user.send(text)

    # The first user's messages are short enough to be published whole instead of by seq.
    await asyncio.gather(
        *(talk(chat_user, LONG_TEXT if number else "") for number, chat_user in enumerate(chat_users))
    )
    fast_views = [view for view in oracle.views if view is not slow]
    await wait_until(lambda: all(view.position >= oracle.acknowledged for view in fast_views))


async def read_frames(frames: AsyncIterator[ServerFrame], view: ClientView) -> None:
    async for frame in frames:
        view.on_frame(frame)

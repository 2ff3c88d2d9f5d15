"""A client whose user looks away: what it was handed waits, so it reads no more, and the room goes on."""

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

SLOW_SETTINGS = msgspec.structs.replace(FAST_SETTINGS, queued_frames_max=20, heartbeat_interval_s=60.0)
"""While it reads nothing it hears no answer to a ping of its own either."""


async def test_slow_client_fetches_all_shed_frames(pair: Pair, start_instance: StartInstance) -> None:
    """It reads on, on the same connection: told what it lacks, it fetches it, and hands all on in order."""
    at = await start_instance(**UNLIMITED)
    people = [await RegisteredUser.register(f"p{number}", at) for number in range(4)]
    slow = await RegisteredUser.register("slow", at)
    oracle = Oracle(await people[0].create_group(at, [*people[1:], slow]))
    view = oracle.add_view("slow")
    # It knows of no conversation before it hears of one: nothing is fetched for it while it stands still.
    client = Client([at.url], slow.token, settings=SLOW_SETTINGS, encoding=MSGPACK, discover=False)
    frames = client.frames()
    async with AsyncExitStack() as stack:
        talkers = [
            await stack.enter_async_context(ChatUser(one, oracle, [pair[0] if n == 0 else at]))
            for n, one in enumerate(people)
        ]
        await stack.enter_async_context(client)
        rounds = 0
        while (now := await at.metrics()).get(SHED, 0) < SHED_FRAMES_MIN:
            assert now.get(TOO_SLOW, 0) == 0
            assert rounds < ROUNDS_MAX, "the slow client was spared nothing"
            await send_round(talkers, oracle, view)
            rounds += 1
        assert not view.seqs
        # What is said while it reads on comes in between.
        reading = asyncio.create_task(read_frames(frames, view))
        await send_round(talkers, oracle, view)
        await wait_until(lambda: oracle.all_received(oracle.acknowledged), 30.0)
        await talkers[0].send("and on")
        await wait_until(lambda: oracle.all_received(oracle.acknowledged))
        reading.cancel()

        assert client.statistics().connects == 1
        assert client.statistics().unannounced_gaps == 0
        assert (await at.metrics()).get(TOO_SLOW, 0) == 0
    oracle.check(await slow.read_history(at, oracle.conversation_id))


async def send_round(chat_users: Sequence[ChatUser], oracle: Oracle, slow: ClientView) -> None:
    """Each says some long things; all but the slow one hear them."""

    async def talk(one: ChatUser, text: str) -> None:
        for _ in range(MESSAGES_PER_ROUND):
            await one.send(text)

    # What the first one says is short enough to be told to the other instance itself, not by its seq.
    await asyncio.gather(*(talk(one, LONG_TEXT if number else "") for number, one in enumerate(chat_users)))
    others = [view for view in oracle.views if view is not slow]
    await wait_until(lambda: all(view.position >= oracle.acknowledged for view in others))


async def read_frames(frames: AsyncIterator[ServerFrame], view: ClientView) -> None:
    async for frame in frames:
        view.on_frame(frame)

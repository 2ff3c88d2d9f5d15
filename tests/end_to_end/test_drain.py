"""Graceful shutdown of an instance under load."""

import asyncio
import signal
import time

from actors.protocol.server_frames import Goodbye
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.conftest import Pair, StartInstance
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser


async def test_sigterm_sends_goodbye_and_loses_nothing(pair: Pair, start_instance: StartInstance) -> None:
    """On SIGTERM clients get `goodbye` 4001 with a retry delay and continue on the other instance.

    The process exits with status 0 within 30 s.
    """
    survivor, draining = pair[0], await start_instance()
    users = [await RegisteredUser.register(f"p{number}", survivor) for number in range(3)]
    group = await users[0].create_group(survivor, users[1:])
    oracle = Oracle(group)
    async with (
        ChatUser(users[0], oracle, [draining, survivor]) as first,
        ChatUser(users[1], oracle, [draining, survivor]) as second,
        ChatUser(users[2], oracle, [survivor]) as third,
    ):
        sends = asyncio.gather(*(chat_user.send_many(80) for chat_user in (first, second, third)))
        await wait_until(lambda: oracle.acknowledged > 60)
        draining.signal(signal.SIGTERM)
        started_at = time.monotonic()
        assert not sends.done()
        await sends
        assert await draining.wait_for_exit() == 0
        assert time.monotonic() - started_at < 30
        await wait_until(lambda: oracle.all_received(240))

        for chat_user in (first, second):
            goodbyes = [frame for frame in chat_user.frames if isinstance(frame, Goodbye)]
            assert [(frame.code, frame.resume) for frame in goodbyes] == [(4001, True)]
            assert goodbyes[0].retry_after_ms is not None
            assert chat_user.client.url == survivor.url
        assert [chat_user.unannounced_gaps for chat_user in (first, second, third)] == [0, 0, 0]
    oracle.check(await users[2].read_history(survivor, group))

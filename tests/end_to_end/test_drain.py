"""An instance is asked to stop in mid-flood, as at every deployment."""

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
    """4001 with a moment to come back, exit 0 within 30 s; the flood ends at the other instance."""
    survivor, leaving = pair[0], await start_instance()
    people = [await RegisteredUser.register(f"p{number}", survivor) for number in range(3)]
    group = await people[0].create_group(survivor, people[1:])
    oracle = Oracle(group)
    async with (
        ChatUser(people[0], oracle, [leaving, survivor]) as one,
        ChatUser(people[1], oracle, [leaving, survivor]) as two,
        ChatUser(people[2], oracle, [survivor]) as three,
    ):
        flood = asyncio.gather(*(talker.send_many(80) for talker in (one, two, three)))
        await wait_until(lambda: oracle.acknowledged > 60)
        leaving.signal(signal.SIGTERM)
        began = time.monotonic()
        assert not flood.done()
        await flood
        assert await leaving.wait_for_exit() == 0
        assert time.monotonic() - began < 30
        await wait_until(lambda: oracle.all_received(240))

        for talker in (one, two):
            goodbyes = [frame for frame in talker.frames if isinstance(frame, Goodbye)]
            assert [(frame.code, frame.resume) for frame in goodbyes] == [(4001, True)]
            assert goodbyes[0].retry_after_ms is not None
            assert talker.client.url == survivor.url
        assert [talker.unannounced_gaps for talker in (one, two, three)] == [0, 0, 0]
    oracle.check(await people[2].read_history(survivor, group))

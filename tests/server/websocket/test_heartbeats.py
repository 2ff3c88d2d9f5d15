"""Heartbeats: silent connections are closed, after two periods without any input."""

import asyncio

import pytest

from server.websocket.heartbeat import STEPS_PER_PERIOD
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket import frames
from tests.server.websocket.peer import connect_peer

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])


async def test_silent_connection_is_closed(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """4003 after two heartbeats without input, resumable; a pong counts as input."""
    instance = await start_instance(heartbeat_ms=1000)
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as silent, connect_peer(instance.port) as alive:
        await silent.open(token)
        await alive.open(token)

        async def answer_pings() -> None:
            while True:
                frame = await alive.read_frame()
                assert frame.opcode == frames.PING
                alive.write(frames.pong(frame.payload))

        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(answer_pings())
            ending = await silent.read_until_closed()
            answering.cancel()
        assert ending.code == 4003
        assert ending.goodbye is not None
        assert ending.goodbye["resume"] is True
        assert (await alive.request("ping"))["type"] == "ok"


async def test_silent_connection_is_closed_after_two_periods(
    start_instance: StartInstance, people: RegisteredUsers
) -> None:
    """Not after one or three, at any phase of the server's ring."""
    instance = await start_instance(heartbeat_ms=2000)
    person = (await people.shared(1, instance))[0]
    loop = asyncio.get_running_loop()

    async def silence() -> tuple[float, float]:
        """Return the shortest and longest possible duration of the silence."""
        async with connect_peer(instance.port) as connected:
            before = loop.time()
            await connected.open(person.token)
            after = loop.time()
            assert (await connected.read_until_closed()).code == 4003
            return loop.time() - after, loop.time() - before

    silences = await asyncio.gather(*(silence() for _ in range(8)))
    for _, most_s in silences:
        # Activity is dated by the step of the heartbeat, a fiftieth of the period.
        assert most_s >= 4.0 - 2.0 / STEPS_PER_PERIOD
    # All are in one phase, so a busy machine, which delays some, need not delay them all.
    assert min(least_s for least_s, _ in silences) < 5.5


async def test_any_input_counts_as_activity(start_instance: StartInstance, people: RegisteredUsers) -> None:
    """A client that sends commands but no pongs stays connected."""
    instance = await start_instance(heartbeat_ms=1000)
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as active_peer:
        await active_peer.open(token)
        for _ in range(4):
            assert (await active_peer.read_frame()).opcode == frames.PING
            active_peer.send({"type": "ping", "id": 1})
            assert (await active_peer.read_frame()).opcode == frames.TEXT

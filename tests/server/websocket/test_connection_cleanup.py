"""What is left of a socket once it is gone: no object, no task, no place in the figures."""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import pytest

from actors.sessions.session import Session
from run import Instance
from server.websocket.connection import WebSocketConnection
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket import frames
from tests.server.websocket.peer import Peer, connect_peer
from tests.until import until


@pytest.fixture
def young() -> Iterator[None]:
    """Only what the test makes is looked through: what was there before is many times as much."""
    gc.freeze()
    yield
    gc.unfreeze()


def count_alive(kind: type) -> int:
    """How many of these are alive, garbage aside."""
    gc.collect()
    return sum(type(one) is kind for one in gc.get_objects())


async def end_politely(connected: Peer) -> None:
    connected.write(frames.close(1000))
    await connected.read_until_closed()


async def end_with_eof(connected: Peer) -> None:
    connected.writer.write_eof()
    await connected.read_until_closed()


async def end_in_mid_frame(connected: Peer) -> None:
    connected.write(frames.text(b" " * 500)[:200])
    connected.writer.write_eof()
    await connected.read_until_closed()


async def end_in_a_fragmented_message(connected: Peer) -> None:
    connected.write(frames.text(b"{", fin=False))
    connected.writer.write_eof()
    await connected.read_until_closed()


async def end_by_reset(connected: Peer) -> None:
    connected.writer.transport.abort()


async def end_by_violation(connected: Peer) -> None:
    connected.write(frames.frame(3))
    await connected.read_until_closed()


async def end_by_bad_frame(connected: Peer) -> None:
    connected.write(frames.text(b"nonsense"))
    await connected.read_until_closed()


CLOSE_ACTIONS = [
    end_politely,
    end_with_eof,
    end_in_mid_frame,
    end_in_a_fragmented_message,
    end_by_reset,
    end_by_violation,
    end_by_bad_frame,
]


@pytest.mark.usefixtures("instance", "young")
@pytest.mark.parametrize("end", CLOSE_ACTIONS)
@pytest.mark.parametrize("known", [True, False], ids=["known", "stranger"])
async def test_nothing_is_left_of_a_closed_socket(
    end: Callable[[Peer], Awaitable[None]], known: bool, instance: Instance, people: RegisteredUsers
) -> None:
    """However it ended: no object, no task, no place in the server's figures."""
    token = (await people.shared(1, instance))[0].token
    await wait_until_clean(instance)
    tasks = count_tasks()
    for _ in range(3):
        async with connect_peer(instance.port) as connected:
            await connected.open(token if known else None)
            assert count_alive(WebSocketConnection) == 1
            await end(connected)
    await wait_until_clean(instance)
    assert count_alive(WebSocketConnection) == 0
    assert count_alive(Session) == 0
    # What the house does by itself, reading its feeds, comes and goes; what a socket left would stay.
    await until(lambda: not count_tasks() - tasks)


def count_tasks() -> Counter[str]:
    """The tasks of this loop, by what they do."""
    return Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]


async def wait_until_clean(instance: Instance) -> None:
    """Wait until the server has no socket any more, and no HTTP connection but ours."""
    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(5):
            while True:
                async with session.get(f"http://127.0.0.1:{instance.port}/metrics") as answer:
                    figures = await answer.text()
                if "\nconvene_connections 0.0\n" in figures and "\nconvene_sessions 0.0\n" in figures:
                    assert "\nconvene_connections_unauthenticated 0.0\n" in figures
                    return


async def test_open_sockets_cost_no_task(instance: Instance, people: RegisteredUsers) -> None:
    """Ten idle sockets: as many tasks as none."""
    token = (await people.shared(1, instance))[0].token
    async with connect_peer(instance.port) as first:
        await first.open(token)
        assert (await first.request("ping"))["type"] == "ok"
        before = len(asyncio.all_tasks())
        opened = [await open_peer(instance.port, token) for _ in range(10)]
        for connected in opened:
            assert (await connected.request("ping"))["type"] == "ok"
        await until(lambda: len(asyncio.all_tasks()) <= before)
        for connected in opened:
            await connected.close()


async def open_peer(port: int, token: str) -> Peer:
    connected = Peer(*await asyncio.open_connection("127.0.0.1", port))
    await connected.open(token)
    return connected

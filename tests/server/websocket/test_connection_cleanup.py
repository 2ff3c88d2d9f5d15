"""Tests that a closed connection leaves no objects, tasks or counts."""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import pytest

from actors.sessions.session import Session
from server.instance import Instance
from server.websocket.connection import WebSocketConnection
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket import frames
from tests.server.websocket.peer import Peer, connect_peer
from tests.until import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def frozen_gc() -> Iterator[None]:
    """Freeze existing objects, so that the collector examines only those of the test."""
    gc.freeze()
    yield
    gc.unfreeze()


def count_alive(kind: type) -> int:
    """Count live objects of these types, after a collection."""
    gc.collect()
    return sum(type(obj) is kind for obj in gc.get_objects())


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


@pytest.mark.usefixtures("instance", "frozen_gc")
@pytest.mark.parametrize("end", CLOSE_ACTIONS)
@pytest.mark.parametrize("known", [True, False], ids=["authenticated", "unauthenticated"])
async def test_closed_connection_leaves_nothing(
    end: Callable[[Peer], Awaitable[None]], known: bool, instance: Instance, people: RegisteredUsers
) -> None:
    """For every way of closing: no object, no task, no count."""
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
    # Background tasks of the server are temporary; a leak of a connection would stay.
    await until(lambda: not count_tasks() - tasks)


def count_tasks() -> Counter[str]:
    """Count the tasks of this loop by coroutine."""
    return Counter(task.get_coro().__qualname__ for task in asyncio.all_tasks())  # type: ignore[union-attr]


async def wait_until_clean(instance: Instance) -> None:
    """Wait until the server has no websocket and no HTTP connection but the test's own."""
    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(5):
            while True:
                async with session.get(f"http://127.0.0.1:{instance.port}/metrics") as answer:
                    figures = await answer.text()
                if "\nconvene_connections 0.0\n" in figures and "\nconvene_sessions 0.0\n" in figures:
                    assert "\nconvene_connections_unauthenticated 0.0\n" in figures
                    return


async def test_open_connections_have_no_tasks(instance: Instance, people: RegisteredUsers) -> None:
    """Ten idle connections add no task."""
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

"""A scripted server and clients of it, closed after the test."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from actors.protocol.server_frames import LogFrame, ServerFrame
from client.client import Client
from client.timing import Timing
from tests.client.scripted_server import ScriptedServer, ScriptedSocket

QUICK = Timing(
    open_s=3.0, answer_s=60.0, send_s=6.0, http_s=3.0, steady_s=0.0, backoff_base_s=1.0, backoff_cap_s=8.0
)


class Heard:
    """A client under test, what it handed on, and the pauses it would have made."""

    def __init__(
        self, urls: list[str], timing: Timing = QUICK, chance: Callable[[], float] = lambda: 0.5
    ) -> None:
        self.frames: list[ServerFrame] = []
        self.pauses: list[float] = []
        self.client = Client(
            urls, "token", timing=timing, on_frame=self.frames.append, chance=chance, sleep=self._sleep
        )

    @property
    def seqs(self) -> list[int]:
        """The seqs that were handed on, in order."""
        return [frame.seq for frame in self.frames if isinstance(frame, LogFrame)]

    async def connect(self, server: ScriptedServer) -> ScriptedSocket:
        """Come in; answers the server's end."""
        connecting = asyncio.create_task(self.client.connect(5.0))
        socket = await server.socket()
        await socket.admit()
        await connecting
        return socket

    async def _sleep(self, delay_s: float) -> None:
        self.pauses.append(delay_s)
        await asyncio.sleep(0)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as one:
        yield one


@pytest.fixture
async def other_server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as one:
        yield one


@pytest.fixture
async def heard(server: ScriptedServer, other_server: ScriptedServer) -> AsyncIterator[Heard]:
    """A client of both servers, the first one first."""
    one = Heard([server.url, other_server.url])
    yield one
    await one.client.close()

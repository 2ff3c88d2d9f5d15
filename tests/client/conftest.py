"""A scripted server and clients connected to it."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from actors.protocol.server_frames import LogFrame, ServerFrame
from client.client import Client
from client.client_settings import ClientSettings
from tests.client.scripted_server import ScriptedServer, ScriptedSocket

FAST_SETTINGS = ClientSettings(
    connect_timeout_s=3.0,
    resend_after_s=60.0,
    request_timeout_s=6.0,
    http_timeout_s=3.0,
    stable_after_s=0.0,
    backoff_base_s=1.0,
    backoff_cap_s=8.0,
)


class ClientRecorder:
    """A client under test, with the frames it delivered and the delays it requested."""

    def __init__(
        self,
        urls: list[str],
        settings: ClientSettings = FAST_SETTINGS,
        jitter: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.frames: list[ServerFrame] = []
        self.delays_s: list[float] = []
        self.client = Client(
            urls, "token", settings=settings, on_frame=self.frames.append, jitter=jitter, sleep=self._sleep
        )

    @property
    def seqs(self) -> list[int]:
        """The seqs of the delivered durable frames, in order."""
        return [frame.seq for frame in self.frames if isinstance(frame, LogFrame)]

    async def connect(self, server: ScriptedServer) -> ScriptedSocket:
        """Connect, and return the server's end of the websocket."""
        connecting = asyncio.create_task(self.client.connect(5.0))
        socket = await server.next_socket()
        await socket.authenticate()
        await connecting
        return socket

    async def _sleep(self, delay_s: float) -> None:
        self.delays_s.append(delay_s)
        await asyncio.sleep(0)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
async def other_server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as scripted:
        yield scripted


@pytest.fixture
async def recorder(server: ScriptedServer, other_server: ScriptedServer) -> AsyncIterator[ClientRecorder]:
    """A client with the URLs of both servers."""
    client_recorder = ClientRecorder([server.url, other_server.url])
    yield client_recorder
    await client_recorder.client.close()

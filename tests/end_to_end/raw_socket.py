"""Raw websockets, for commands that `client.client.Client` never sends and frames that it does not expose.

They do not reply to server pings and do not reconnect.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.end_to_end.server_process import ServerProcess
from tests.server.websocket.peer import Json, Peer, connect_peer


@asynccontextmanager
async def open_socket(instance: ServerProcess, token: str | None = None) -> AsyncIterator[Peer]:
    """Connect and upgrade. With a token, authenticate in the upgrade request and wait for `ready`."""
    async with connect_socket(instance) as connected:
        await connected.open(token)
        yield connected


@asynccontextmanager
async def connect_socket(instance: ServerProcess) -> AsyncIterator[Peer]:
    """Open the TCP connection only."""
    async with connect_peer(urlsplit(instance.url).port or 0) as connected:
        yield connected


async def frames_until(connected: Peer, kind: str) -> list[Json]:
    """Return the next frames up to and including the first of type `kind`."""
    frames = [await connected.message()]
    while frames[-1]["type"] != kind:
        frames.append(await connected.message())
    return frames

"""A socket by hand at an instance: for what a client never says, and for what it would not wait to hear.

It answers no ping of the server, and resumes only when it is told to.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.end_to_end.server_process import ServerProcess
from tests.server.websocket.peer import Json, Peer, connect_peer


@asynccontextmanager
async def open_socket(instance: ServerProcess, token: str | None = None) -> AsyncIterator[Peer]:
    """Open for the length of a `with`; with a token it is that of the upgrade, and `ready` has come."""
    async with connect_socket(instance) as connected:
        await connected.open(token)
        yield connected


@asynccontextmanager
async def connect_socket(instance: ServerProcess) -> AsyncIterator[Peer]:
    """Connected, with nothing said yet."""
    async with connect_peer(urlsplit(instance.url).port or 0) as connected:
        yield connected


async def frames_until(connected: Peer, kind: str) -> list[Json]:
    """The frames that come next, the first of that type included."""
    frames = [await connected.message()]
    while frames[-1]["type"] != kind:
        frames.append(await connected.message())
    return frames

"""python-socketio on aiohttp and uvloop with its Redis manager."""

import asyncio
import itertools
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs

import socketio
import uvloop
from aiohttp import web

from bench.peers.python.arguments import read_arguments
from bench.peers.python.message import build_replies


class Chat(socketio.AsyncNamespace):
    """Chat rooms; the query string of the handshake names the room."""

    def __init__(self) -> None:
        super().__init__("/")
        self._rooms: dict[str, str] = {}
        self._numbers: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))

    async def on_connect(self, sid: str, environ: dict[str, Any]) -> None:
        self._rooms[sid] = parse_qs(environ["QUERY_STRING"])["room"][0]
        await self.enter_room(sid, self._rooms[sid])

    async def on_disconnect(self, sid: str, _reason: str) -> None:
        self._rooms.pop(sid, None)

    async def on_message_send(self, sid: str, command: dict[str, Any]) -> dict[str, Any]:
        """Publish the message. The return value is the acknowledgement."""
        room = self._rooms[sid]
        ok, created = build_replies(command, sid, next(self._numbers[room]))
        await self.emit("message_created", created, room=room)
        return ok


async def serve(port: int, redis_url: str) -> None:
    server = socketio.AsyncServer(
        async_mode="aiohttp",
        client_manager=socketio.AsyncRedisManager(redis_url),
        transports=["websocket"],
    )
    server.register_namespace(Chat())
    app = web.Application()
    server.attach(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


def main() -> None:
    arguments = read_arguments(__doc__)
    uvloop.run(serve(arguments.port, arguments.redis))


if __name__ == "__main__":
    main()

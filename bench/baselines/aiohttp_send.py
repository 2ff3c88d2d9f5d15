"""aiohttp as in its documentation: `await send_str` to each member."""

import itertools

from aiohttp import WSMsgType, web

from bench.baselines.uvloop_app import run
from bench.baselines.wire_structs import decode, encode_replies

Members = dict[web.WebSocketResponse, None]


class RoomServer:
    """Rooms and their members. Messages are numbered per room and not stored."""

    def __init__(self) -> None:
        self._members: dict[str, Members] = {}
        self._numbers: dict[str, itertools.count[int]] = {}
        self._names = itertools.count()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, protocols=("convene.v1.json",))
        await socket.prepare(request)
        room, name = request.query.get("room", "-"), f"{next(self._names):036x}"
        members = self._members.setdefault(room, {})
        numbers = self._numbers.setdefault(room, itertools.count(1))
        members[socket] = None
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                ok, created = encode_replies(decode(message.data), name, next(numbers))
                await socket.send_str(ok.decode())
                text = created.decode()
                for member in list(members):
                    await member.send_str(text)
        except ConnectionError:
            pass
        finally:
            del members[socket]
        return socket


def main() -> None:
    app = web.Application()
    app.router.add_get("/v1/ws", RoomServer().connect)
    run(app, __doc__)


if __name__ == "__main__":
    main()

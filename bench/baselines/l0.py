"""L0: a bare uvloop Protocol that encodes a frame once and writes it to each member.

`--write each` writes once per member and message, with the sender's `ok` before its own copy.
`--write joined` collects the frames of one loop tick and writes once per member and tick. Neither
authenticates, validates, stores or orders across instances.
"""

import argparse
import asyncio
import itertools
from typing import cast

import uvloop

from bench.baselines.framing import CLOSE, TEXT, decode_frame, text_frame, upgrade_response
from bench.baselines.wire_structs import decode, encode_replies


class Room:
    """The members of a conversation and their unsent frames."""

    __slots__ = ("frames", "members", "oks", "seq")

    def __init__(self) -> None:
        self.members: dict[Member, asyncio.Transport] = {}
        self.frames: list[bytes] = []
        self.oks: dict[Member, bytes] = {}
        self.seq = 0

    def flush(self) -> None:
        frames, oks = b"".join(self.frames), self.oks
        self.frames, self.oks = [], {}
        for member, transport in self.members.items():
            ok = oks.get(member)
            transport.write(frames if ok is None else ok + frames)


class RoomServer:
    """All rooms and the write mode."""

    __slots__ = ("_loop", "joined", "names", "rooms")

    def __init__(self, *, joined: bool) -> None:
        self.joined = joined
        self.rooms: dict[str, Room] = {}
        self.names = itertools.count()
        self._loop = asyncio.get_running_loop()

    def publish(self, sender: "Member", room: Room, payload: bytes) -> None:
        room.seq += 1
        ok, created = encode_replies(decode(payload), sender.name, room.seq)
        ok, created = text_frame(ok), text_frame(created)
        if self.joined:
            if not room.frames:
                self._loop.call_soon(room.flush)
            room.frames.append(created)
            room.oks[sender] = room.oks.get(sender, b"") + ok
            return
        for member, transport in room.members.items():
            transport.write(created if member is not sender else ok + created)


class Member(asyncio.Protocol):
    __slots__ = ("_buffer", "_room", "_server", "_transport", "name")

    def __init__(self, server: RoomServer) -> None:
        self._server = server
        self._room: Room | None = None
        self._buffer = b""
        self.name = f"{next(server.names):036x}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if self._room is None:
            if b"\r\n\r\n" not in data:
                self._buffer = data
                return
            name, response = upgrade_response(data)
            self._buffer = b""
            self._room = self._server.rooms.setdefault(name, Room())
            self._room.members[self] = self._transport
            self._transport.write(response)
            return
        offset = 0
        while (frame := decode_frame(data, offset)) is not None:
            opcode, payload, offset = frame
            if opcode == TEXT:
                self._server.publish(self, self._room, payload)
            elif opcode == CLOSE:
                self._transport.close()
        self._buffer = data[offset:]

    def connection_lost(self, _error: Exception | None) -> None:
        if self._room is not None:
            self._room.members.pop(self, None)


async def serve(port: int, *, joined: bool) -> None:
    rooms = RoomServer(joined=joined)
    listener = await asyncio.get_running_loop().create_server(
        lambda: Member(rooms), "127.0.0.1", port, backlog=1024
    )
    await listener.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--write", choices=("each", "joined"), required=True)
    options = parser.parse_args()
    uvloop.run(serve(options.port, joined=options.write == "joined"))


if __name__ == "__main__":
    main()

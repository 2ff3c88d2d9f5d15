"""A socket that holds everything it hears against the contract. Never lets anything pass unread."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from tests.server.contract.frames import valid_answer, valid_frame
from tests.server.people import Person
from tests.server.socket import frames
from tests.server.socket.peer import Peer, peer

Json = Any


class Witness:
    """One connection of one person, from the first byte on."""

    def __init__(self, connected: Peer, document: Json) -> None:
        self._peer = connected
        self._document = document
        self.heard: set[str] = set()
        connected.take = self._take  # type: ignore[method-assign]

    async def open(self, token: str | None = None) -> None:
        """Up to `hello`, and to `ready` where the upgrade bears the token."""
        await self._peer.open(token)

    async def ask(self, kind: str, **fields: Json) -> Json:
        """Send a command; its answer is one that the contract names for it."""
        answer = await self._peer.ask(kind, **fields)
        valid_answer(self._document, kind, answer)
        return answer

    async def done(self, kind: str, **fields: Json) -> Json:
        """As `ask`, and it was done."""
        answer = await self.ask(kind, **fields)
        assert answer["type"] == "ok", answer
        return answer["result"]

    async def hears(self, kind: str) -> Json:
        """The next frame of a type, whenever it came."""
        for number, frame in enumerate(self._peer.aside):
            if frame["type"] == kind:
                return self._peer.aside.pop(number)
        return await self._peer.next_of(kind)

    async def breaks(self) -> Json:
        """Say what is no frame, and hear the goodbye."""
        self._peer.write(frames.text("nothing"))
        ending = await self._peer.ending()
        for told in (*ending.messages, ending.goodbye):
            self._holds(told)
        return ending.goodbye

    def _take(self, found: frames.Received) -> None:
        if found.opcode == frames.TEXT:
            said = msgspec.json.decode(found.payload)
            for frame in said if isinstance(said, list) else [said]:
                self._holds(frame)
        Peer.take(self._peer, found)

    def _holds(self, frame: Json) -> None:
        valid_frame(self._document, frame)
        self.heard.add(frame["type"])


@contextlib.asynccontextmanager
async def witness(port: int, document: Json, person: Person | None = None) -> AsyncIterator[Witness]:
    """A connection for the length of a `with`; logged in, where somebody is named."""
    async with peer(port) as connected:
        watching = Witness(connected, document)
        await watching.open(person.token if person is not None else None)
        yield watching

"""A socket that holds everything it hears against the contract. Never lets anything pass unread."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from tests.server.api_docs.document_checks import assert_valid_frame, assert_valid_reply
from tests.server.registered_users import RegisteredUser
from tests.server.websocket import frames
from tests.server.websocket.peer import Peer, connect_peer

Json = Any


class CheckedPeer:
    """One connection of one person, from the first byte on."""

    def __init__(self, connected: Peer, document: Json) -> None:
        self._peer = connected
        self._document = document
        self.received_types: set[str] = set()
        connected.handle_frame = self._handle_frame  # type: ignore[method-assign]

    async def open(self, token: str | None = None) -> None:
        """Up to `hello`, and to `ready` where the upgrade bears the token."""
        await self._peer.open(token)

    async def request(self, kind: str, **fields: Json) -> Json:
        """Send a command; its answer is one that the contract names for it."""
        answer = await self._peer.request(kind, **fields)
        assert_valid_reply(self._document, kind, answer)
        return answer

    async def expect_ok(self, kind: str, **fields: Json) -> Json:
        """As `ask`, and it was done."""
        answer = await self.request(kind, **fields)
        assert answer["type"] == "ok", answer
        return answer["result"]

    async def receive(self, kind: str) -> Json:
        """The next frame of a type, whenever it came."""
        for number, frame in enumerate(self._peer.skipped):
            if frame["type"] == kind:
                return self._peer.skipped.pop(number)
        return await self._peer.next_of(kind)

    async def send_invalid_frame(self) -> Json:
        """Say what is no frame, and hear the goodbye."""
        self._peer.write(frames.text("nothing"))
        ending = await self._peer.read_until_closed()
        for told in (*ending.messages, ending.goodbye):
            self._check_frame(told)
        return ending.goodbye

    def _handle_frame(self, received: frames.Received) -> None:
        if received.opcode == frames.TEXT:
            said = msgspec.json.decode(received.payload)
            for frame in said if isinstance(said, list) else [said]:
                self._check_frame(frame)
        Peer.handle_frame(self._peer, received)

    def _check_frame(self, message: Json) -> None:
        assert_valid_frame(self._document, message)
        self.received_types.add(message["type"])


@contextlib.asynccontextmanager
async def connect_checked(
    port: int, document: Json, person: RegisteredUser | None = None
) -> AsyncIterator[CheckedPeer]:
    """A connection for the length of a `with`; logged in, where somebody is named."""
    async with connect_peer(port) as connected:
        watching = CheckedPeer(connected, document)
        await watching.open(person.token if person is not None else None)
        yield watching

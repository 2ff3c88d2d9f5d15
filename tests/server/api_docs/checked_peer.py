"""A test client that validates every frame it receives against the AsyncAPI document."""

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
    """One connection of one user."""

    def __init__(self, connected: Peer, document: Json) -> None:
        self._peer = connected
        self._document = document
        self.received_types: set[str] = set()
        connected.handle_frame = self._handle_frame  # type: ignore[method-assign]

    async def open(self, token: str | None = None) -> None:
        """Open the socket up to `hello`, or up to `ready` if the upgrade request carries the token."""
        await self._peer.open(token)

    async def request(self, kind: str, **fields: Json) -> Json:
        """Send a command and return its reply, which must be one that the document declares for it."""
        reply = await self._peer.request(kind, **fields)
        assert_valid_reply(self._document, kind, reply)
        return reply

    async def expect_ok(self, kind: str, **fields: Json) -> Json:
        """Send a command that must succeed and return its result."""
        reply = await self.request(kind, **fields)
        assert reply["type"] == "ok", reply
        return reply["result"]

    async def receive(self, kind: str) -> Json:
        """Return the next frame of a type, including frames that arrived earlier and were skipped."""
        for number, frame in enumerate(self._peer.skipped):
            if frame["type"] == kind:
                return self._peer.skipped.pop(number)
        return await self._peer.next_of(kind)

    async def send_invalid_frame(self) -> Json:
        """Send a frame that cannot be decoded and return the `goodbye`."""
        self._peer.write(frames.text("nothing"))
        ending = await self._peer.read_until_closed()
        for frame in (*ending.messages, ending.goodbye):
            self._check_frame(frame)
        return ending.goodbye

    def _handle_frame(self, received: frames.Received) -> None:
        if received.opcode == frames.TEXT:
            payload = msgspec.json.decode(received.payload)
            for frame in payload if isinstance(payload, list) else [payload]:
                self._check_frame(frame)
        Peer.handle_frame(self._peer, received)

    def _check_frame(self, message: Json) -> None:
        assert_valid_frame(self._document, message)
        self.received_types.add(message["type"])


@contextlib.asynccontextmanager
async def connect_checked(
    port: int, document: Json, user: RegisteredUser | None = None
) -> AsyncIterator[CheckedPeer]:
    """Open a connection, authenticated if a user is given, and close it on exit."""
    async with connect_peer(port) as connected:
        peer = CheckedPeer(connected, document)
        await peer.open(user.token if user is not None else None)
        yield peer

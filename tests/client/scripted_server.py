"""A server that sends only what a test tells it to.

The test sends every frame of each websocket itself; HTTP requests are answered from the given logs.
"""

import asyncio
from typing import Self

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from actors.protocol.commands import Authenticate, Command, json_decoders
from actors.protocol.objects import (
    Conversation,
    ConversationType,
    DeliveryStatus,
    Message,
    MessageType,
    OwnUser,
)
from actors.protocol.results import SendResult
from actors.protocol.server_frames import (
    ConversationChanges,
    ConversationUpdated,
    Hello,
    LogFrame,
    MessageCreated,
    Ok,
    Ready,
    Resync,
    server_frame_encoder,
)
from client.http_responses import Changes, Page

ANA = OwnUser("u-ana", "ana", None, None, verified=False, bio=None, created_at="", email="ana@test")
ROOM = "room"
TIMEOUT_S = 5.0


def message(seq: int, room: str = ROOM) -> Message:
    return Message(
        id=f"{room}-{seq}",
        conversation_id=room,
        seq=seq,
        changed_seq=seq,
        sender_id="u-ben",
        client_id=f"c-{seq}",
        content=f"text {seq}",
        message_type=MessageType.TEXT,
        mentions=[],
        reply_to=None,
        reactions=[],
        created_at="",
        edited_at=None,
        deleted_at=None,
        delivery_status=DeliveryStatus([], 0),
    )


def message_created(seq: int, room: str = ROOM) -> MessageCreated:
    return MessageCreated(room, seq, message(seq, room))


def conversation_updated(seq: int, room: str = ROOM) -> ConversationUpdated:
    return ConversationUpdated(room, seq, message(seq, room), ConversationChanges(name="new"), 2)


def conversation(last_seq: int, room: str = ROOM) -> Conversation:
    return Conversation(
        id=room,
        type=ConversationType.GROUP,
        name=None,
        member_count=1,
        participants=[],
        admins=[],
        last_message=None,
        last_seq=last_seq,
        read_seq=0,
        unread_count=0,
        muted=False,
        created_at="",
    )


class ScriptedSocket:
    """The server's end of one websocket."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket = socket
        self._request = request
        self.commands: asyncio.Queue[Command] = asyncio.Queue()
        self.authenticated: Authenticate | None = None

    async def authenticate(self, position: int = 0, max_frame_bytes: int = 65536) -> Authenticate:
        """Send `hello` and `ready`, and `resync` if the client asked to resume."""
        authenticate = await self.receive_authenticate(max_frame_bytes)
        await self.send(self.make_ready(authenticate, position))
        if authenticate.resume is not None:
            await self.send(Resync("expired", "epoch", position))
        return authenticate

    async def receive_authenticate(self, max_frame_bytes: int = 65536) -> Authenticate:
        await self.send(Hello(25_000, 10_000, max_frame_bytes, ""))
        command = await self.next_command()
        assert isinstance(command, Authenticate)
        return command

    def make_ready(self, authenticate: Authenticate, position: int = 0) -> Ready:
        return Ready(authenticate.id, "session", ANA, "epoch", position, 0)

    async def next_command(self) -> Command:
        """Return the client's next command."""
        async with asyncio.timeout(TIMEOUT_S):
            return await self.commands.get()

    async def send(self, *frames: msgspec.Struct) -> None:
        for frame in frames:
            await self._socket.send_str(server_frame_encoder.encode(frame).decode())

    async def send_raw(self, text: str) -> None:
        await self._socket.send_str(text)

    async def acknowledge(self, command: Command, seq: int) -> None:
        await self.send(Ok(command.id, SendResult(f"m-{seq}", seq, "", duplicate=False)))

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)

    def abort(self) -> None:
        """Abort the connection without a close frame."""
        transport = self._request.transport
        assert transport is not None
        transport.abort()

    async def receive_commands(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                self.commands.put_nowait(json_decoders.command(message.data))


class ScriptedServer:
    """`logs` are the stored entries by conversation; `listed_heads` are the listed heads."""

    def __init__(self) -> None:
        self.logs: dict[str, list[LogFrame]] = {}
        self.listed_heads: dict[str, int] = {}
        self.changes_requests: list[tuple[str, int]] = []
        self.changes_replies = 0
        self.allow_changes = asyncio.Event()
        self.allow_changes.set()
        self.undecodable_replies = 0
        """Requests that a proxy answers, with status 200."""
        self.upgrade_rejection: tuple[int, str] | None = None
        self.upgrades = 0
        self.url = ""
        self._sockets: asyncio.Queue[ScriptedSocket] = asyncio.Queue()
        self._open: list[web.WebSocketResponse] = []
        app = web.Application()
        app.router.add_get("/v1/ws", self._upgrade)
        app.router.add_get("/v1/conversations", self._list)
        app.router.add_get("/v1/conversations/{id}", self._get)
        app.router.add_get("/v1/conversations/{id}/changes", self._changes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_exit: object) -> None:
        for socket in self._open:
            await socket.close(code=WSCloseCode.GOING_AWAY)
        await self._runner.cleanup()

    async def next_socket(self) -> ScriptedSocket:
        """Return the next websocket that connects."""
        async with asyncio.timeout(TIMEOUT_S):
            return await self._sockets.get()

    @property
    def sockets_waiting(self) -> int:
        return self._sockets.qsize()

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        self.upgrades += 1
        if self.upgrade_rejection is not None:
            status, retry_after = self.upgrade_rejection
            return web.Response(status=status, headers={"Retry-After": retry_after})
        socket = web.WebSocketResponse(protocols=("convene.v1.json",), compress=False, timeout=0.1)
        await socket.prepare(request)
        self._open.append(socket)
        scripted = ScriptedSocket(socket, request)
        self._sockets.put_nowait(scripted)
        await scripted.receive_commands()
        return socket

    def _is_undecodable(self) -> bool:
        self.undecodable_replies -= 1
        return self.undecodable_replies >= 0

    async def _list(self, _request: web.Request) -> web.Response:
        if self._is_undecodable():
            return web.Response(text="<p>Log in to the network</p>", content_type="text/html")
        items = [conversation(last_seq, room) for room, last_seq in self.listed_heads.items()]
        return _json(Page(items, None))

    async def _get(self, request: web.Request) -> web.Response:
        room = request.match_info["id"]
        if room not in self.logs:
            return _not_found_response()
        return _json(conversation(self.logs[room][-1].seq, room))

    async def _changes(self, request: web.Request) -> web.Response:
        room, after = request.match_info["id"], int(request.query["after"])
        self.changes_requests.append((room, after))
        await self.allow_changes.wait()
        if self._is_undecodable():
            return web.Response(text="<p>Log in to the network</p>", content_type="text/html")
        self.changes_replies += 1
        if room not in self.logs:
            return _not_found_response()
        items = [frame for frame in self.logs[room] if frame.seq > after]
        return _json(Changes(items, items[-1].seq if items else after, has_more=False))


def _json(value: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _not_found_response() -> web.Response:
    body = b'{"code":"conversation.not_found","detail":"","status":404}'
    return web.Response(status=404, body=body, content_type="application/problem+json")

"""One socket to one server, from the upgrade to its end.

Whatever ends it is told as `Lost`, with what the server said about coming back. It never comes back by
itself and keeps nothing for the next one.
"""

import asyncio
from collections.abc import Sequence

import aiohttp

from actors.protocol.commands import Authenticate, Resume
from actors.protocol.event_filter import EventGroup
from actors.protocol.server_frames import Error, Goodbye, Hello, Ready, ServerFrame
from client.client_settings import ClientSettings
from client.close_info import NOT_AUTHENTICATED, CloseInfo, ConnectionLost
from client.encoding import Encoding

AUTHENTICATE_ID = "authenticate"
CLOSE_TIMEOUT_S = 2.0


class Connection:
    """Made by `open`. One reads it by `receive`, many may `say`."""

    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[bool]", encoding: Encoding) -> None:
        self._socket = socket
        self._encoding = encoding
        self._message_type = aiohttp.WSMsgType.BINARY if encoding.binary else aiohttp.WSMsgType.TEXT
        self._buffered_frames: list[ServerFrame] = []
        self._goodbye: Goodbye | None = None
        self.max_frame_bytes: int | None = None

    @classmethod
    async def open(
        cls, session: aiohttp.ClientSession, url: str, settings: ClientSettings, encoding: Encoding
    ) -> "Connection":
        """Upgrade. Raises `Lost`."""
        try:
            socket = await session.ws_connect(
                url + "/v1/ws",
                protocols=(encoding.sub_protocol,),
                heartbeat=settings.heartbeat_interval_s,
                max_msg_size=settings.message_bytes_max,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                compress=0,
            )
        except aiohttp.WSServerHandshakeError as error:
            raise ConnectionLost(_rejected_upgrade(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLost(CloseInfo(None, type(error).__name__)) from error
        return cls(socket, encoding)

    async def authenticate(
        self, token: str, event_filter: Sequence[EventGroup] | None, resume: Resume | None
    ) -> Ready:
        """Say who one is; answers `ready`. Raises `Lost`."""
        wanted = None if event_filter is None else list(event_filter)
        await self.send(self._encoding.encode(Authenticate(AUTHENTICATE_ID, token, wanted, resume)))
        while True:
            frames = await self._receive()
            for position, frame in enumerate(frames):
                match frame:
                    case Hello(max_frame_bytes=max_frame_bytes):
                        self.max_frame_bytes = max_frame_bytes
                    case Ready():
                        self._buffered_frames = frames[position + 1 :]
                        return frame
                    case Error(id="authenticate"):
                        raise ConnectionLost(_failed_authentication(frame))
                    case _:
                        continue

    async def receive(self) -> list[ServerFrame]:
        """The next frames after `ready`; the end is told as `Lost`."""
        if self._buffered_frames:
            early, self._buffered_frames = self._buffered_frames, []
            return early
        return await self._receive()

    async def send(self, frame: bytes) -> None:
        """Write a frame. What breaks on the way is told to the one who reads."""
        if self._socket.closed:
            return
        try:
            await self._socket.send_frame(frame, self._message_type)
        except (aiohttp.ClientError, OSError):
            return

    async def close(self) -> None:
        """End it; waits for the server's word for a short time only."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close()
        except TimeoutError:
            return

    async def _receive(self) -> list[ServerFrame]:
        message = await self._socket.receive()
        match message.type:
            case self._message_type:
                return self._note_goodbye(self._encoding.decode_frames(message.data))
            case aiohttp.WSMsgType.TEXT | aiohttp.WSMsgType.BINARY:
                return []
            case _:
                raise ConnectionLost(self._close_info())

    def _note_goodbye(self, frames: list[ServerFrame]) -> list[ServerFrame]:
        for frame in frames:
            if isinstance(frame, Goodbye):
                self._goodbye = frame
        return frames

    def _close_info(self) -> CloseInfo:
        goodbye = self._goodbye
        if goodbye is not None:
            return CloseInfo(goodbye.code, goodbye.reason, goodbye.retry_after_ms)
        code = self._socket.close_code
        # 1006 is nobody's word: aiohttp's name for a connection that broke.
        return CloseInfo(None if code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE else code, "closed")


def _rejected_upgrade(error: aiohttp.WSServerHandshakeError) -> CloseInfo:
    if error.status == 401:
        return CloseInfo(NOT_AUTHENTICATED, "the upgrade was refused")
    seconds = error.headers.get("Retry-After", "") if error.headers is not None else ""
    retry_after_ms = int(seconds) * 1000 if seconds.isascii() and seconds.isdigit() else None
    return CloseInfo(None, f"the upgrade was answered with {error.status}", retry_after_ms)


def _failed_authentication(error: Error) -> CloseInfo:
    if error.retry:
        return CloseInfo(None, error.code, error.retry_after_ms)
    return CloseInfo(NOT_AUTHENTICATED, error.code)

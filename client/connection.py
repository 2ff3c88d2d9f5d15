"""One websocket connection to one server, from the upgrade to the close.

However it ends, the methods that read raise `ConnectionLost`, with what the server said about reconnecting.
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
    """Created by `open`. One task calls `receive`; any number may call `send`."""

    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[bool]", encoding: Encoding) -> None:
        self._socket = socket
        self._encoding = encoding
        self._message_type = aiohttp.WSMsgType.BINARY if encoding.binary else aiohttp.WSMsgType.TEXT
        self._buffered_frames: list[ServerFrame] = []
        self._goodbye: Goodbye | None = None
        self.max_frame_bytes: int | None = None

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, url: str, settings: ClientSettings) -> "Connection":
        """Open the websocket. Raises `ConnectionLost`."""
        try:
            socket = await session.ws_connect(
                url + "/v1/ws",
                protocols=(settings.encoding.subprotocol,),
                heartbeat=settings.heartbeat_interval_s,
                max_msg_size=settings.message_bytes_max,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                compress=0,
            )
        except aiohttp.WSServerHandshakeError as error:
            raise ConnectionLost(_rejected_upgrade(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLost(CloseInfo(None, type(error).__name__)) from error
        return cls(socket, settings.encoding)

    async def authenticate(
        self, token: str, event_filter: Sequence[EventGroup] | None, resume: Resume | None
    ) -> Ready:
        """Send `authenticate` and wait for `ready`. Raises `ConnectionLost`."""
        groups = None if event_filter is None else list(event_filter)
        await self.send(self._encoding.encode(Authenticate(AUTHENTICATE_ID, token, groups, resume)))
        while True:
            frames = await self._receive()
            for index, frame in enumerate(frames):
                match frame:
                    case Hello(max_frame_bytes=max_frame_bytes):
                        self.max_frame_bytes = max_frame_bytes
                    case Ready():
                        self._buffered_frames = frames[index + 1 :]
                        return frame
                    case Error(id="authenticate"):
                        raise ConnectionLost(_failed_authentication(frame))
                    case _:
                        continue

    async def receive(self) -> list[ServerFrame]:
        """Return the next frames after `ready`. Raises `ConnectionLost` when the connection ends."""
        if self._buffered_frames:
            frames, self._buffered_frames = self._buffered_frames, []
            return frames
        return await self._receive()

    async def send(self, frame: bytes) -> None:
        """Write a frame. Does not raise if the connection breaks: `receive` does."""
        if self._socket.closed:
            return
        try:
            await self._socket.send_frame(frame, self._message_type)
        except (aiohttp.ClientError, OSError):
            return

    async def close(self) -> None:
        """Close the websocket; wait at most `CLOSE_TIMEOUT_S` for the server's close frame."""
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
        # No peer sends 1006: aiohttp reports it for a connection that broke.
        return CloseInfo(None if code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE else code, "closed")


def _rejected_upgrade(error: aiohttp.WSServerHandshakeError) -> CloseInfo:
    if error.status == 401:
        return CloseInfo(NOT_AUTHENTICATED, "the websocket upgrade was rejected")
    seconds = error.headers.get("Retry-After", "") if error.headers is not None else ""
    retry_after_ms = int(seconds) * 1000 if seconds.isascii() and seconds.isdigit() else None
    return CloseInfo(None, f"the websocket upgrade failed with status {error.status}", retry_after_ms)


def _failed_authentication(error: Error) -> CloseInfo:
    if error.retry:
        return CloseInfo(None, error.code, error.retry_after_ms)
    return CloseInfo(NOT_AUTHENTICATED, error.code)

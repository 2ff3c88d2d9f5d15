"""The client: says what it is told to say, and hands on what it hears, whatever happens to connections.

    send, read, ping -> Asks -> Connection -> server
    frames, on_frame <- Outlet <- Reception (Inbox, Review) <- Connection

It comes back by itself, to the next server of its list, with growing pauses left to chance. It never
hands a durable frame on twice, nor out of order, nor with one missing before it.
"""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import NoReturn, Self

import aiohttp
import msgspec

from actors.protocol.commands import (
    AddReaction,
    DeleteMessage,
    EditMessage,
    Ping,
    ReadConversation,
    RemoveReaction,
    SendMessage,
    SetPresence,
)
from actors.protocol.event_filter import EventGroup
from actors.protocol.presence import Presence
from actors.protocol.server_frames import (
    ChangeResult,
    Empty,
    PingResult,
    ReadResult,
    Ready,
    SendResult,
    ServerFrame,
)
from client.backoff import Backoff
from client.client_settings import ClientSettings
from client.close_info import CloseInfo, ConnectionLost
from client.connection import Connection
from client.dispatcher import Dispatcher
from client.encoding import JSON, Encoding
from client.errors import ClientClosed, RequestTimeout
from client.frame_sink import FrameSink, OnFrame
from client.http_client import HttpClient
from client.pending_requests import PendingRequests
from client.presence_watch_list import PresenceWatchList


class ClientStatistics(msgspec.Struct, frozen=True):
    """`silent_gaps`: frames that were missing though the server had not said so. The contract knows none."""

    attempts: int
    connects: int
    unannounced_gaps: int


class Client:
    """`urls` are http or https; `chance` and `sleep` are what back-off is made of.

    `on_frame` is called with every frame, synchronously; `frames()` gives them to iterate. With `discover`
    it reads the list of its conversations after a connect that is not resumed, to know what it missed;
    without, it knows those that were followed or heard of. `intents` narrow what it is told; None is all.
    """

    def __init__(
        self,
        urls: Sequence[str],
        token: str,
        *,
        settings: ClientSettings | None = None,
        on_frame: OnFrame | None = None,
        discover: bool = True,
        encoding: Encoding = JSON,
        event_filter: Sequence[EventGroup] | None = None,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        chosen = self._settings = settings or ClientSettings()
        self._urls = [url.rstrip("/") for url in urls]
        self._token = token
        self._encoding = encoding
        self._event_filter = event_filter
        self._sleep = sleep
        self._backoff = Backoff(chosen.backoff_base_s, chosen.backoff_cap_s, jitter)
        self._attempts = 0
        self._connects = 0
        self._session: aiohttp.ClientSession | None = None

        def make_read_backoff() -> Backoff:
            return Backoff(chosen.read_backoff_base_s, chosen.read_backoff_cap_s, jitter)

        self._requests = PendingRequests(encoding, chosen, make_read_backoff, sleep)
        self._frame_sink = FrameSink(on_frame, chosen.queued_frames_max)
        self._presence_watch = PresenceWatchList(self._requests, self._frame_sink.put)
        self._dispatcher = Dispatcher(
            self._requests,
            self._frame_sink,
            self._http_client,
            chosen,
            make_read_backoff,
            discover=discover,
            sleep=sleep,
        )
        self._run_task: asyncio.Task[None] | None = None
        self._first_ready = asyncio.Event()
        self._connected = False
        self._closed_error: ClientClosed | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- coming and going

    async def connect(self, deadline_s: float = 30.0) -> None:
        """Connect and stay connected; on return the server has said `ready` once.

        Raises:
            Ended: the server does not want us, or we were closed.
            Unanswered: nobody was ready in time. It goes on trying until `close`.
        """
        if self._run_task is None and self._closed_error is None:
            self._session = aiohttp.ClientSession()
            self._run_task = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(deadline_s):
                await self._first_ready.wait()
        except TimeoutError:
            raise RequestTimeout("no server was ready in time") from None
        if self._closed_error is not None:
            raise self._closed_error

    async def close(self) -> None:
        """Leave for good. What was not answered ends with `Ended`."""
        self._close_permanently(ClientClosed(None, "the client was closed"))
        if self._run_task is not None:
            self._run_task.cancel()
            await asyncio.gather(self._run_task, return_exceptions=True)
        await self._presence_watch.close()
        await self._dispatcher.close()
        if self._session is not None:
            await self._session.close()

    @property
    def url(self) -> str:
        """The server that it is at, or tried last."""
        return self._urls[(self._attempts - 1) % len(self._urls)]

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def closed_error(self) -> ClientClosed | None:
        """Why it does not come back, once that is so."""
        return self._closed_error

    @property
    def ready(self) -> Ready | None:
        """What the server said of us at the last connect."""
        return self._dispatcher.ready

    def statistics(self) -> ClientStatistics:
        return ClientStatistics(self._attempts, self._connects, self._dispatcher.unannounced_gaps)

    # --- what it hears

    def frames(self) -> AsyncIterator[ServerFrame]:
        """Every frame from this call on; ends with `Ended`. Call it before `connect` to miss none.

        Whoever iterates keeps on doing so while commands wait: a full queue stops the reading of answers.
        """
        return self._frame_sink.frames()

    def subscribe(self, conversation_id: str, after: int = 0) -> None:
        """Hand on what a conversation holds after a seq. No change where the conversation is known."""
        self._dispatcher.subscribe(conversation_id, after, connected=self._connected)

    def positions(self) -> dict[str, int]:
        """Up to which seq each conversation was handed on, the latest active first."""
        return self._dispatcher.positions()

    # --- what it says

    async def send(
        self,
        conversation_id: str,
        content: str,
        *,
        mentions: Sequence[str] = (),
        reply_to: str | None = None,
        client_id: str | None = None,
        deadline_s: float | None = None,
    ) -> SendResult:
        """Send a message; on return it is durable. Sends that overlap keep their order.

        Raises:
            Refused: the server said no, and would say so again.
            Unanswered: the deadline passed; the message may be stored. Ask again, same `client_id`.
            Ended: as `Unanswered`, and this client will not find out.
        """
        chosen = client_id or uuid.uuid4().hex

        def build_command(number: int) -> msgspec.Struct:
            return SendMessage(number, conversation_id, chosen, content, list(mentions), reply_to)

        return await self._requests.request(build_command, SendResult, deadline_s)

    async def mark_read(
        self, conversation_id: str, seq: int, *, deadline_s: float | None = None
    ) -> ReadResult:
        """Mark as read up to a seq. Raises as `send`."""

        def build_command(number: int) -> msgspec.Struct:
            return ReadConversation(number, conversation_id, seq)

        return await self._requests.request(build_command, ReadResult, deadline_s)

    async def edit(
        self, conversation_id: str, message_id: str, content: str, *, deadline_s: float | None = None
    ) -> ChangeResult:
        """Say something else in a message of one's own. Raises as `send`."""

        def build_command(number: int) -> msgspec.Struct:
            return EditMessage(number, conversation_id, message_id, content)

        return await self._requests.request(build_command, ChangeResult, deadline_s)

    async def delete(
        self, conversation_id: str, message_id: str, *, deadline_s: float | None = None
    ) -> ChangeResult:
        """Take a message back. Raises as `send`."""

        def build_command(number: int) -> msgspec.Struct:
            return DeleteMessage(number, conversation_id, message_id)

        return await self._requests.request(build_command, ChangeResult, deadline_s)

    async def react(
        self,
        conversation_id: str,
        message_id: str,
        emoji: str,
        *,
        add: bool = True,
        deadline_s: float | None = None,
    ) -> ChangeResult:
        """Put a reaction on a message, or take it back. Raises as `send`."""
        kind = AddReaction if add else RemoveReaction

        def build_command(number: int) -> msgspec.Struct:
            return kind(number, conversation_id, message_id, emoji)

        return await self._requests.request(build_command, ChangeResult, deadline_s)

    async def watch_presence(
        self, user_ids: Sequence[str], *, deadline_s: float | None = None
    ) -> list[Presence]:
        """Hear how these people are from now on, also after reconnects; replaces the list before.

        Changes come as `presence.changed` frames. Raises as `send`.
        """
        return await self._presence_watch.watch(user_ids, deadline_s)

    async def set_presence(self, *, away: bool, deadline_s: float | None = None) -> None:
        """Be away with this device, or back; a new connection is back. Raises as `send`."""

        def build_command(number: int) -> msgspec.Struct:
            return SetPresence(number, "away" if away else "online")

        await self._requests.request(build_command, Empty, deadline_s)

    async def ping(self, *, deadline_s: float | None = None) -> PingResult:
        """Ask for a sign of life. Raises as `send`."""
        return await self._requests.request(Ping, PingResult, deadline_s)

    # --- staying connected

    async def _run(self) -> None:
        while True:
            closing = await self._run_connection()
            if not closing.may_reconnect:
                self._close_permanently(ClientClosed(closing.code, closing.reason))
                return
            await self._sleep(self._backoff.delay_s(closing.retry_after_ms))

    async def _run_connection(self) -> CloseInfo:
        """One connection, from its making to its end; answers how it ended."""
        assert self._session is not None
        self._attempts += 1
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                connection = await Connection.open(self._session, self.url, self._settings, self._encoding)
                await self._authenticate(connection)
            await self._receive_frames(connection)
        except ConnectionLost as lost:
            return lost.close_info
        except TimeoutError:
            return CloseInfo(None, "the server was not ready in time")
        finally:
            self._connected = False
            self._requests.on_connection_lost()
            if connection is not None:
                await connection.close()

    async def _authenticate(self, connection: Connection) -> None:
        resume = self._dispatcher.resume_request()
        ready = await connection.authenticate(self._token, self._event_filter, resume)
        self._dispatcher.on_ready(ready, resuming=resume is not None)
        await self._requests.on_connected(connection)
        self._connected = True
        if self._connects:
            self._presence_watch.on_connected()
        self._connects += 1
        self._first_ready.set()

    async def _receive_frames(self, connection: Connection) -> NoReturn:
        """Hear until the end. A connection that lasted makes the next loss the first again."""
        began = asyncio.get_running_loop().time()
        try:
            while True:
                for frame in await connection.receive():
                    await self._dispatcher.dispatch(frame)
        finally:
            if asyncio.get_running_loop().time() - began >= self._settings.stable_after_s:
                self._backoff.reset()

    def _close_permanently(self, error: ClientClosed) -> None:
        if self._closed_error is None:
            self._closed_error = error
            self._requests.close(error)
            self._frame_sink.close(error)
            self._first_ready.set()

    def _http_client(self) -> HttpClient:
        return HttpClient(
            self.url, self._token, session=self._session, timeout_s=self._settings.http_timeout_s
        )

"""Client for one user: sends commands and receives frames over reconnecting websockets.

    send, mark_read, ping -> PendingCommands -> Connection -> server
    frames, on_frame <- FrameSink <- Dispatcher (ConversationSequencer, StateResync) <- Connection

After a lost connection it connects to the next URL with jittered exponential backoff, and resumes. The
durable frames of a conversation are delivered once and in order of seq. Of messages that it missed, it
delivers the latest state alone, at the seq of the latest change.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import NoReturn, Self

import aiohttp
import msgspec

from actors.protocol.presence import Presence
from actors.protocol.server_frames import Ready, ServerFrame
from client.backoff import Backoff
from client.client_settings import ClientSettings
from client.close_info import CloseInfo, ConnectionLost
from client.commands import ClientCommands
from client.connection import Connection
from client.conversation_sequencer import ConversationSequencer
from client.dispatcher import Dispatcher
from client.errors import ClientClosed, RequestTimeout
from client.frame_sink import FrameSink, OnFrame
from client.http_client import HttpClient
from client.pending_commands import PendingCommands
from client.presence_watch_list import PresenceWatchList
from client.state_resync import StateResync


class ClientStatistics(msgspec.Struct, frozen=True):
    """`attempts` and `connects` are those of connections, the first included.

    `unannounced_gaps` counts gaps that no `lagged` or `resync` announced: protocol violations.
    """

    attempts: int
    connects: int
    unannounced_gaps: int


class Client(ClientCommands):
    """`urls` are http or https URLs of one deployment, at least one.

    `on_frame` is called synchronously with every frame; `frames()` iterates over them. `jitter` and `sleep`
    replace the backoff's randomness and waiting in tests.
    """

    def __init__(
        self,
        urls: Sequence[str],
        token: str,
        *,
        settings: ClientSettings | None = None,
        on_frame: OnFrame | None = None,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings = settings or ClientSettings()
        self._urls = [url.rstrip("/") for url in urls]
        self._token = token
        self._sleep = sleep
        self._backoff = Backoff(settings.backoff_base_s, settings.backoff_cap_s, jitter)
        self._attempts = 0
        self._connects = 0
        self._session: aiohttp.ClientSession | None = None

        def make_read_backoff() -> Backoff:
            return Backoff(settings.read_backoff_base_s, settings.read_backoff_cap_s, jitter)

        super().__init__(PendingCommands(settings, make_read_backoff, sleep))
        self._frame_sink = FrameSink(on_frame, settings.queued_frames_max)
        put = self._frame_sink.put
        self._presence_watch = PresenceWatchList(self._pending_commands, put)
        sequencer = ConversationSequencer(self._http_client, put, settings, make_read_backoff, sleep)
        resync = StateResync(
            sequencer,
            put,
            self._http_client,
            make_read_backoff,
            sleep,
            list_conversations=settings.list_conversations,
        )
        self._dispatcher = Dispatcher(self._pending_commands, self._frame_sink, sequencer, resync)
        self._run_task: asyncio.Task[None] | None = None
        self._first_ready = asyncio.Event()
        self._connected = False
        self._closed_error: ClientClosed | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises like `connect`; the client is then closed, because nothing else would close it."""
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- lifecycle

    async def connect(self, deadline_s: float = 30.0) -> None:
        """Connect, and stay connected until `close`. Returns after the first `ready`.

        Raises:
            ClientClosed: the server rejected the client permanently, or `close` was called.
            RequestTimeout: no server was ready in time. The client keeps trying until `close`.
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
        """Disconnect for good. Pending and later requests fail with `ClientClosed`."""
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
        """The server of the current or last attempt to connect."""
        return self._urls[(self._attempts - 1) % len(self._urls)]

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def closed_error(self) -> ClientClosed | None:
        """Why the client closed; None while it is connected or reconnecting."""
        return self._closed_error

    @property
    def ready(self) -> Ready | None:
        """The `ready` frame of the last connect."""
        return self._dispatcher.ready

    def statistics(self) -> ClientStatistics:
        return ClientStatistics(self._attempts, self._connects, self._dispatcher.unannounced_gaps)

    # --- receiving

    def frames(self) -> AsyncIterator[ServerFrame]:
        """Iterate over all frames from the first call on; raises `ClientClosed` at the end.

        Call it before `connect` to miss none. Of several iterators each frame goes to one. Keep iterating
        while commands are pending: a full queue stops the client from reading replies.
        """
        return self._frame_sink.frames()

    def subscribe(self, conversation_id: str, after: int = 0) -> None:
        """Deliver a conversation's frames after a seq. No effect if its frames are delivered already."""
        self._dispatcher.subscribe(conversation_id, after, connected=self._connected)

    def positions(self) -> dict[str, int]:
        """Return the last delivered seq of each conversation, most recently active first."""
        return self._dispatcher.delivered_seqs()

    # --- presence

    async def watch_presence(
        self, user_ids: Sequence[str], *, deadline_s: float | None = None
    ) -> list[Presence]:
        """Watch the presence of these users instead of those watched before, across reconnects.

        Returns their current presence. Changes arrive as `presence.changed` frames. Raises like `send`.
        """
        return await self._presence_watch.watch(user_ids, deadline_s)

    # --- connection loop

    async def _run(self) -> None:
        while True:
            close_info = await self._run_connection()
            if not close_info.may_reconnect:
                self._close_permanently(ClientClosed(close_info.code, close_info.reason))
                # Its requests would be rejected too, and repeated for ever.
                await self._dispatcher.close()
                return
            await self._sleep(self._backoff.delay_s(close_info.retry_after_ms))

    async def _run_connection(self) -> CloseInfo:
        """Open a connection, serve it until it ends, and return why it ended."""
        assert self._session is not None
        self._attempts += 1
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                connection = await Connection.open(self._session, self.url, self._settings)
                await self._authenticate(connection)
            await self._receive_frames(connection)
        except ConnectionLost as lost:
            return lost.close_info
        except TimeoutError:
            return CloseInfo(None, "the server was not ready in time")
        finally:
            self._connected = False
            self._pending_commands.on_connection_lost()
            if connection is not None:
                await connection.close()

    async def _authenticate(self, connection: Connection) -> None:
        resume = self._dispatcher.resume_request()
        ready = await connection.authenticate(self._token, self._settings.event_filter, resume)
        self._dispatcher.on_ready(ready, resuming=resume is not None)
        await self._pending_commands.on_connected(connection)
        self._connected = True
        if self._connects:
            self._presence_watch.on_connected()
        self._connects += 1
        self._first_ready.set()

    async def _receive_frames(self, connection: Connection) -> NoReturn:
        """Dispatch frames until the connection is lost. A long-lived connection resets the backoff."""
        started = asyncio.get_running_loop().time()
        try:
            while True:
                for frame in await connection.receive():
                    await self._dispatcher.dispatch(frame)
        finally:
            if asyncio.get_running_loop().time() - started >= self._settings.stable_after_s:
                self._backoff.reset()

    def _close_permanently(self, error: ClientClosed) -> None:
        if self._closed_error is None:
            self._closed_error = error
            self._pending_commands.close(error)
            self._frame_sink.close(error)
            self._first_ready.set()

    def _http_client(self) -> HttpClient:
        return HttpClient(
            self.url, self._token, session=self._session, timeout_s=self._settings.http_timeout_s
        )

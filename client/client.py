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
from client.asks import Asks
from client.backoff import Backoff
from client.closing import Closing, Lost
from client.connection import Connection
from client.encoding import JSON, Encoding
from client.errors import Ended, Unanswered
from client.http import Http
from client.outlet import OnFrame, Outlet
from client.reception import Reception
from client.timing import Timing
from client.watched import Watched


class ClientStatistics(msgspec.Struct, frozen=True):
    """`silent_gaps`: frames that were missing though the server had not said so. The contract knows none."""

    attempts: int
    connects: int
    silent_gaps: int


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
        timing: Timing | None = None,
        on_frame: OnFrame | None = None,
        discover: bool = True,
        encoding: Encoding = JSON,
        intents: Sequence[EventGroup] | None = None,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        chosen = self._timing = timing or Timing()
        self._urls = [url.rstrip("/") for url in urls]
        self._token = token
        self._encoding = encoding
        self._intents = intents
        self._sleep = sleep
        self._backoff = Backoff(chosen.backoff_base_s, chosen.backoff_cap_s, chance)
        self._attempts = 0
        self._connects = 0
        self._session: aiohttp.ClientSession | None = None

        def patience() -> Backoff:
            return Backoff(chosen.read_backoff_base_s, chosen.read_backoff_cap_s, chance)

        self._asks = Asks(encoding, chosen, patience, sleep)
        self._outlet = Outlet(on_frame, chosen.frames_waiting)
        self._watched = Watched(self._asks, self._outlet.put)
        self._reception = Reception(
            self._asks, self._outlet, self._http, chosen, patience, discover=discover, sleep=sleep
        )
        self._running: asyncio.Task[None] | None = None
        self._admitted = asyncio.Event()
        self._connected = False
        self._ended: Ended | None = None

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
        if self._running is None and self._ended is None:
            self._session = aiohttp.ClientSession()
            self._running = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(deadline_s):
                await self._admitted.wait()
        except TimeoutError:
            raise Unanswered("no server was ready in time") from None
        if self._ended is not None:
            raise self._ended

    async def close(self) -> None:
        """Leave for good. What was not answered ends with `Ended`."""
        self._end(Ended(None, "the client was closed"))
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._watched.close()
        await self._reception.close()
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
    def ended(self) -> Ended | None:
        """Why it does not come back, once that is so."""
        return self._ended

    @property
    def ready(self) -> Ready | None:
        """What the server said of us at the last connect."""
        return self._reception.ready

    def statistics(self) -> ClientStatistics:
        return ClientStatistics(self._attempts, self._connects, self._reception.silent_gaps)

    # --- what it hears

    def frames(self) -> AsyncIterator[ServerFrame]:
        """Every frame from this call on; ends with `Ended`. Call it before `connect` to miss none.

        Whoever iterates keeps on doing so while commands wait: a full queue stops the reading of answers.
        """
        return self._outlet.frames()

    def follow(self, conversation_id: str, after: int = 0) -> None:
        """Hand on what a conversation holds after a seq. No change where the conversation is known."""
        self._reception.follow(conversation_id, after, connected=self._connected)

    def positions(self) -> dict[str, int]:
        """Up to which seq each conversation was handed on, the latest active first."""
        return self._reception.positions()

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

        def say(number: int) -> msgspec.Struct:
            return SendMessage(number, conversation_id, chosen, content, list(mentions), reply_to)

        return await self._asks.ask(say, SendResult, deadline_s)

    async def read(self, conversation_id: str, seq: int, *, deadline_s: float | None = None) -> ReadResult:
        """Mark as read up to a seq. Raises as `send`."""

        def say(number: int) -> msgspec.Struct:
            return ReadConversation(number, conversation_id, seq)

        return await self._asks.ask(say, ReadResult, deadline_s)

    async def edit(
        self, conversation_id: str, message_id: str, content: str, *, deadline_s: float | None = None
    ) -> ChangeResult:
        """Say something else in a message of one's own. Raises as `send`."""

        def say(number: int) -> msgspec.Struct:
            return EditMessage(number, conversation_id, message_id, content)

        return await self._asks.ask(say, ChangeResult, deadline_s)

    async def delete(
        self, conversation_id: str, message_id: str, *, deadline_s: float | None = None
    ) -> ChangeResult:
        """Take a message back. Raises as `send`."""

        def say(number: int) -> msgspec.Struct:
            return DeleteMessage(number, conversation_id, message_id)

        return await self._asks.ask(say, ChangeResult, deadline_s)

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

        def say(number: int) -> msgspec.Struct:
            return kind(number, conversation_id, message_id, emoji)

        return await self._asks.ask(say, ChangeResult, deadline_s)

    async def watch_presence(
        self, user_ids: Sequence[str], *, deadline_s: float | None = None
    ) -> list[Presence]:
        """Hear how these people are from now on, also after reconnects; replaces the list before.

        Changes come as `presence.changed` frames. Raises as `send`.
        """
        return await self._watched.watch(user_ids, deadline_s)

    async def set_presence(self, *, away: bool, deadline_s: float | None = None) -> None:
        """Be away with this device, or back; a new connection is back. Raises as `send`."""

        def say(number: int) -> msgspec.Struct:
            return SetPresence(number, "away" if away else "online")

        await self._asks.ask(say, Empty, deadline_s)

    async def ping(self, *, deadline_s: float | None = None) -> PingResult:
        """Ask for a sign of life. Raises as `send`."""
        return await self._asks.ask(Ping, PingResult, deadline_s)

    # --- staying connected

    async def _run(self) -> None:
        while True:
            closing = await self._attend()
            if not closing.may_return:
                self._end(Ended(closing.code, closing.reason))
                return
            await self._sleep(self._backoff.delay_s(closing.retry_after_ms))

    async def _attend(self) -> Closing:
        """One connection, from its making to its end; answers how it ended."""
        assert self._session is not None
        self._attempts += 1
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._timing.open_s):
                connection = await Connection.open(self._session, self.url, self._timing, self._encoding)
                await self._begin(connection)
            await self._listen(connection)
        except Lost as lost:
            return lost.closing
        except TimeoutError:
            return Closing(None, "the server was not ready in time")
        finally:
            self._connected = False
            self._asks.lost()
            if connection is not None:
                await connection.close()

    async def _begin(self, connection: Connection) -> None:
        resume = self._reception.resume()
        ready = await connection.greet(self._token, self._intents, resume)
        self._reception.begin(ready, resumes=resume is not None)
        await self._asks.connected(connection)
        self._connected = True
        if self._connects:
            self._watched.connected()
        self._connects += 1
        self._admitted.set()

    async def _listen(self, connection: Connection) -> NoReturn:
        """Hear until the end. A connection that lasted makes the next loss the first again."""
        began = asyncio.get_running_loop().time()
        try:
            while True:
                for frame in await connection.receive():
                    await self._reception.hear(frame)
        finally:
            if asyncio.get_running_loop().time() - began >= self._timing.steady_s:
                self._backoff.reset()

    def _end(self, ended: Ended) -> None:
        if self._ended is None:
            self._ended = ended
            self._asks.end(ended)
            self._outlet.end(ended)
            self._admitted.set()

    def _http(self) -> Http:
        return Http(self.url, self._token, session=self._session, timeout_s=self._timing.http_s)

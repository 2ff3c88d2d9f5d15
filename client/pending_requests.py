"""Commands that wait for their answer, in the order in which they were given.

An answer may come on any connection: after each connect, what was not answered is said again, before
anything new. A timeout is not a failure here; only a deadline is.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from actors.protocol.server_frames import Error, Ok
from client.backoff import Backoff
from client.client_settings import ClientSettings
from client.connection import Connection
from client.encoding import Encoding
from client.errors import ClientClosed, RequestRejected, RequestTimeout

CommandReply = Ok[msgspec.Raw] | Error
Result = TypeVar("Result")
BuildCommand = Callable[[int], msgspec.Struct]


class PendingRequest:
    """One command under way; `said` is its frame."""

    __slots__ = ("frame", "reply", "request_id")

    def __init__(self, request_id: int, frame: bytes) -> None:
        self.request_id = request_id
        self.frame = frame
        self.reply: asyncio.Future[CommandReply] = asyncio.get_running_loop().create_future()


class PendingRequests:
    def __init__(
        self,
        encoding: Encoding,
        settings: ClientSettings,
        make_backoff: Callable[[], Backoff],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._encoding = encoding
        self._settings = settings
        self._make_backoff = make_backoff
        self._sleep = sleep
        self._request_ids = itertools.count(1)
        self._pending: dict[int, PendingRequest] = {}
        self._slots = asyncio.Semaphore(settings.pending_requests_max)
        self._connection: Connection | None = None
        self._closed_error: ClientClosed | None = None

    async def request(
        self, build_command: BuildCommand, result_type: type[Result], deadline_s: float | None
    ) -> Result:
        """Say a command until it is answered; `say` makes it from its id.

        Raises:
            Refused: the server said no, and would say so again.
            Unanswered: the deadline passed. It may have been done.
            Ended: no answer will come. It may have been done.
        """
        patience_s = self._settings.request_timeout_s if deadline_s is None else deadline_s
        backoff = self._make_backoff()
        try:
            async with asyncio.timeout(patience_s), self._slots:
                while True:
                    answer = await self._request_once(build_command)
                    if isinstance(answer, Ok):
                        return self._encoding.decode_result(answer.result, result_type)
                    if not answer.retry:
                        raise RequestRejected(answer.code, answer.detail)
                    await self._sleep(backoff.delay_s(answer.retry_after_ms))
        except TimeoutError:
            raise RequestTimeout("it may or may not have been done") from None

    def on_reply(self, reply: CommandReply) -> None:
        """Give an answer to the one it is for; a second one is for nobody."""
        if not isinstance(reply.id, int):
            return
        ask = self._pending.pop(reply.id, None)
        if ask is not None and not ask.reply.done():
            ask.reply.set_result(reply)

    async def on_connected(self, connection: Connection) -> None:
        """Say again what was not answered; what is new goes there too from now on."""
        number = 0
        while (ask := self._next_after(number)) is not None:
            number = ask.request_id
            await self._send(connection, ask)
        self._connection = connection

    def on_connection_lost(self) -> None:
        """There is no connection: what is new waits for the next one."""
        self._connection = None

    def close(self, error: ClientClosed) -> None:
        """No answer will come."""
        self._closed_error = error
        waiting, self._pending = self._pending, {}
        for ask in waiting.values():
            if not ask.reply.done():
                ask.reply.set_exception(error)

    async def _request_once(self, build_command: BuildCommand) -> CommandReply:
        """Say it, and again while nothing comes back."""
        if self._closed_error is not None:
            raise self._closed_error
        number = next(self._request_ids)
        ask = self._pending[number] = PendingRequest(number, self._encoding.encode(build_command(number)))
        try:
            while True:
                if self._connection is not None:
                    await self._send(self._connection, ask)
                done, _ = await asyncio.wait([ask.reply], timeout=self._settings.resend_after_s)
                if done:
                    return ask.reply.result()
        finally:
            self._pending.pop(number, None)

    def _next_after(self, request_id: int) -> PendingRequest | None:
        return next((ask for ask in self._pending.values() if ask.request_id > request_id), None)

    async def _send(self, connection: Connection, request: PendingRequest) -> None:
        most = connection.max_frame_bytes
        if most is not None and len(request.frame) > most:
            # Said all the same it would cost the connection, for all the others too.
            too_large = Error(
                request.request_id, "request.too_large", f"A frame has at most {most} bytes.", retry=False
            )
            self.on_reply(too_large)
        else:
            await connection.send(request.frame)

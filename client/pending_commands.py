"""Commands that have no reply yet, in the order in which they were sent.

A reply may arrive on a later connection: after each reconnect, unanswered commands are sent again, before
new ones. A command without a reply is also sent again after `resend_after_s`, until its deadline.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from actors.protocol.commands import ClientCommand, result_type
from actors.protocol.server_frames import Error, Ok
from client.backoff import Backoff, RetryBudget
from client.client_settings import ClientSettings
from client.connection import Connection
from client.errors import ClientClosed, RequestRejected, RequestTimeout

CommandReply = Ok[msgspec.Raw] | Error
Result = TypeVar("Result", bound=msgspec.Struct)


class PendingCommand:
    """A command without a reply, and its encoded frame."""

    __slots__ = ("frame", "reply", "request_id")

    def __init__(self, request_id: int, frame: bytes) -> None:
        self.request_id = request_id
        self.frame = frame
        self.reply: asyncio.Future[CommandReply] = asyncio.get_running_loop().create_future()


class PendingCommands:
    def __init__(
        self,
        settings: ClientSettings,
        make_backoff: Callable[[], Backoff],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._encoding = settings.encoding
        self._settings = settings
        self._make_backoff = make_backoff
        self._retry_budget = RetryBudget(settings.retries_per_s, settings.retries_burst, time.monotonic)
        self._sleep = sleep
        self._request_ids = itertools.count(1)
        self._pending: dict[int, PendingCommand] = {}
        self._slots = asyncio.Semaphore(settings.pending_requests_max)
        self._connection: Connection | None = None
        self._closed_error: ClientClosed | None = None

    async def request(
        self, build_command: Callable[[int], ClientCommand[Result]], deadline_s: float | None
    ) -> Result:
        """Send a command until it is answered. `build_command` creates it from its request id.

        Raises:
            RequestRejected: the server rejected it, and a retry would not help.
            RequestTimeout: the deadline passed. The command may have been executed.
            ClientClosed: no reply will arrive. The command may have been executed.
        """
        timeout_s = self._settings.request_timeout_s if deadline_s is None else deadline_s
        backoff = self._make_backoff()
        try:
            async with asyncio.timeout(timeout_s), self._slots:
                while True:
                    request_id = next(self._request_ids)
                    command = build_command(request_id)
                    reply = await self._request_once(request_id, self._encoding.encode(command))
                    if isinstance(reply, Ok):
                        return self._encoding.decode_result(reply.result, result_type(type(command)))
                    if not reply.retry:
                        raise RequestRejected(reply.code, reply.detail)
                    delay_s = max(backoff.delay_s(reply.retry_after_ms), self._retry_budget.delay_s())
                    await self._sleep(delay_s)
        except TimeoutError:
            raise RequestTimeout("no reply in time; the command may have been executed") from None

    def on_reply(self, reply: CommandReply) -> None:
        """Pass a reply to its command. A second reply is ignored."""
        if not isinstance(reply.id, int):
            return
        command = self._pending.pop(reply.id, None)
        if command is not None and not command.reply.done():
            command.reply.set_result(reply)

    async def on_connected(self, connection: Connection) -> None:
        """Resend unanswered commands in order, then use this connection for new ones."""
        last_id = 0
        while (command := self._next_after(last_id)) is not None:
            last_id = command.request_id
            await self._send(connection, command)
        self._connection = connection

    def on_connection_lost(self) -> None:
        """Hold new commands back until the next connection."""
        self._connection = None

    def close(self, error: ClientClosed) -> None:
        """Fail all pending and later commands with `error`."""
        self._closed_error = error
        pending, self._pending = self._pending, {}
        for command in pending.values():
            if not command.reply.done():
                command.reply.set_exception(error)

    async def _request_once(self, request_id: int, frame: bytes) -> CommandReply:
        """Send one command and resend it until a reply arrives."""
        if self._closed_error is not None:
            raise self._closed_error
        command = self._pending[request_id] = PendingCommand(request_id, frame)
        try:
            while True:
                if self._connection is not None:
                    await self._send(self._connection, command)
                done, _ = await asyncio.wait([command.reply], timeout=self._settings.resend_after_s)
                if done:
                    return command.reply.result()
        finally:
            self._pending.pop(request_id, None)

    def _next_after(self, request_id: int) -> PendingCommand | None:
        return next((command for command in self._pending.values() if command.request_id > request_id), None)

    async def _send(self, connection: Connection, command: PendingCommand) -> None:
        limit = connection.max_frame_bytes
        if limit is not None and len(command.frame) > limit:
            # The server would close the connection, and with it fail the other commands.
            too_large = Error(
                command.request_id,
                "request.too_large",
                f"The frame must not exceed {limit} bytes.",
                retry=False,
            )
            self.on_reply(too_large)
        else:
            await connection.send(command.frame)

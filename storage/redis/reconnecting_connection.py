"""A Redis connection that reconnects with jittered exponential backoff.

The owner gets a connection after login, and after the server has killed the previous connection, so that no
command of the previous one can take effect after a command of the new one (if the ACL allows `CLIENT KILL`).
Lost commands are not resent.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence

import hiredis

from storage.errors import Unavailable
from storage.outages import get_outage
from storage.redis.redis_address import RedisAddress, connect
from storage.redis.resp_connection import CommandArg, Reply, RespConnection, encode_command
from storage.redis.timeouts import Timeouts

_log = logging.getLogger(__name__)
HANG_CHECKS_PER_TIMEOUT = 4


class ReconnectingConnection:
    """Calls `on_connected` and `on_lost` alternately and synchronously; they must not raise."""

    def __init__(
        self,
        address: RedisAddress,
        timeouts: Timeouts,
        name: str,
        on_connected: Callable[[RespConnection], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._address = address
        self._timeouts = timeouts
        self._name = name
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._connection: RespConnection | None = None
        self._previous_client: tuple[bytes, int] | None = None
        self._first: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._hang_timer: asyncio.TimerHandle | None = None
        self._hang_checked_at = 0.0
        self._connected = asyncio.Event()
        self.outage = get_outage(address.store_name)
        self.lost_at = 0.0
        self.reconnects = 0

    @property
    def connected(self) -> bool:
        return self._connection is not None

    async def open(self) -> None:
        """Connect, in one attempt. Raises `Unavailable`."""
        connection = await self._connect()
        self._connected.set()
        self._connection = connection
        self._on_connected(connection)
        self._task = asyncio.create_task(self._reconnect_forever(connection), name=f"redis {self._name}")
        self._check_for_hang()

    async def wait_connected(self, timeout_s: float) -> None:
        """Wait for a connection until `timeout_s` after the loss of the last one. Raises `Unavailable`."""
        if self._connection is None:
            timeout_s -= asyncio.get_running_loop().time() - self.lost_at
            try:
                async with asyncio.timeout(max(0.0, timeout_s)):
                    await self._connected.wait()
            except TimeoutError:
                self.outage.failed("not connected")
                raise Unavailable("redis: not connected") from None

    def abort(self) -> None:
        """Drop the current connection and reconnect, for a connection that is dead without an error."""
        if self._connection is not None:
            self._connection.abort()

    async def close(self) -> None:
        if self._hang_timer is not None:
            self._hang_timer.cancel()
        if self._task is None:
            return
        self._task.cancel()
        self.abort()
        await asyncio.wait((self._task,))
        if self._connection is not None:
            await self._connection.lost
            self._handle_loss()

    async def _reconnect_forever(self, connection: RespConnection) -> None:
        loop = asyncio.get_running_loop()
        pause_s = self._timeouts.retry_s
        while True:
            since = loop.time()
            await asyncio.shield(connection.lost)
            self._handle_loss()
            self.outage.failed("connection lost")
            _log.debug("redis %s: connection lost", self._name)
            if loop.time() - since > self._timeouts.retry_max_s:
                pause_s = self._timeouts.retry_s
            while True:
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not security
                pause_s = min(pause_s * 2, self._timeouts.retry_max_s)
                with contextlib.suppress(Unavailable):
                    connection = await self._connect()
                    break
            self.reconnects += 1
            self._connection = connection
            self._connected.set()
            _log.debug("redis %s: reconnected", self._name)
            self._on_connected(connection)

    def _handle_loss(self) -> None:
        self._connection = None
        self._connected.clear()
        self.lost_at = asyncio.get_running_loop().time()
        self._on_lost()

    async def _connect(self) -> RespConnection:
        connection: RespConnection | None = None
        try:
            async with asyncio.timeout(self._timeouts.connect_s):
                connection = await connect(self._address, RespConnection)
                await self._handshake(connection)
        except (OSError, TimeoutError, Unavailable) as error:
            if connection is not None:
                connection.abort()
            raise Unavailable(f"redis {self._name}: {type(error).__name__}") from error
        except BaseException:
            if connection is not None:
                connection.abort()
            raise
        return connection

    async def _handshake(self, connection: RespConnection) -> None:
        login: list[tuple[CommandArg, ...]] = []
        address = self._address
        if address.password is not None:
            names = () if address.username is None else (address.username,)
            login.append(("AUTH", *names, address.password))
        if address.database:
            login.append(("SELECT", address.database))
        # A server that is still loading its data set replies to PING with an error and is not usable yet.
        login.append(("PING",))
        for reply in await _execute(connection, login):
            if isinstance(reply, hiredis.ReplyError):
                # The first word is an error code (WRONGPASS, LOADING); the rest may repeat what was sent.
                self.outage.failed(f"login failed with {str(reply).split(' ', 1)[0]}")
                raise Unavailable(f"redis {self._name}: login failed")
        # ACLs may forbid these. Without them only the order across a reconnect is not guaranteed.
        _, client_id, server_info = await _execute(
            connection, [("CLIENT", "SETNAME", f"convene-{self._name}"), ("CLIENT", "ID"), ("INFO", "server")]
        )
        if isinstance(client_id, int) and isinstance(server_info, bytes):
            run_id = server_info.partition(b"run_id:")[2].partition(b"\r")[0]
            if self._previous_client is not None and self._previous_client[0] == run_id:
                await _execute(connection, [("CLIENT", "KILL", "ID", self._previous_client[1])])
            self._previous_client = (run_id, client_id)

    def _check_for_hang(self) -> None:
        """Abort a connection whose server hangs; runs `HANG_CHECKS_PER_TIMEOUT` times per `reply_s`."""
        loop = asyncio.get_running_loop()
        interval_s = self._timeouts.reply_s / HANG_CHECKS_PER_TIMEOUT
        was_paused = loop.time() - self._hang_checked_at > self._timeouts.reply_s
        self._hang_checked_at = loop.time()
        self._hang_timer = loop.call_later(interval_s, self._check_for_hang)
        connection = self._connection
        # If this process paused, replies may be in the socket, unread: wait for the next check.
        if (
            connection is not None
            and not was_paused
            and connection.unanswered_for_s() > self._timeouts.reply_s
        ):
            self.outage.failed("no reply in time")
            _log.debug("redis %s: no reply in time; reconnecting", self._name)
            connection.abort()
        elif connection is not None and not was_paused:
            self.outage.succeeded()


async def _execute(connection: RespConnection, commands: Sequence[tuple[CommandArg, ...]]) -> list[Reply]:
    """Send commands and return their replies, errors included. Raises `Unavailable` on connection loss."""
    replies: list[Reply] = []
    done = asyncio.get_running_loop().create_future()

    def collect(reply: Reply) -> None:
        connection.unanswered -= 1
        replies.append(reply)
        if len(replies) == len(commands) and not done.done():
            done.set_result(None)

    connection.on_reply = collect
    connection.send(b"".join(encode_command(*command) for command in commands), len(commands))
    await asyncio.wait((done, connection.lost), return_when=asyncio.FIRST_COMPLETED)
    if not done.done():
        raise Unavailable("redis: connection lost")
    return replies

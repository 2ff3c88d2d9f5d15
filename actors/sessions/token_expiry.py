"""Closes the connections of expired tokens.

    periodic check -> sessions past their known expiry -> read from the store, as use extends it -> close 4502

One check over all sessions replaces a timer per session.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from actors.runtime.timer_wheel import Timer, TimerWheel
from actors.sessions.online_users import OnlineUsers
from actors.sessions.transport import CloseCode
from actors.sessions.user_session import UserSession
from storage.errors import StorageError

_log = logging.getLogger(__name__)

ExpiresAt = Callable[[str, str], Awaitable[datetime | None]]
"""Maps (user id, session id) to the expiry time; None if the session has expired or does not exist."""


class TokenExpiryChecker:
    def __init__(
        self, online_users: OnlineUsers, expires_at: ExpiresAt, wheel: TimerWheel, period_s: float
    ) -> None:
        self._online_users = online_users
        self._expires_at = expires_at
        self._wheel = wheel
        self._period_s = period_s
        self._timer: Timer | None = None
        self._check_task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._timer = self._wheel.call_later(self._period_s, self._start_check)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._check_task is not None:
            self._check_task.cancel()
            await asyncio.gather(self._check_task, return_exceptions=True)

    def _start_check(self) -> None:
        self._check_task = asyncio.create_task(self._check_all())

    async def _check_all(self) -> None:
        now = time.time()
        try:
            for session in self._online_users.sessions():
                if session.expires_at <= now:
                    await self._check_session(session)
        except StorageError:
            _log.warning("token expiry could not be checked, retrying")
        finally:
            self.start()

    async def _check_session(self, session: UserSession) -> None:
        expires_at = await self._expires_at(session.user_id, session.session_id)
        if expires_at is not None:
            session.expires_at = expires_at.timestamp()
        elif not session.closed:
            session.transport.close(CloseCode.TOKEN_EXPIRED, "the token has expired")

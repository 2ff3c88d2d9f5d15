"""Closing the sockets of tokens that have run out.

    now and then -> sessions whose token should be over -> asked at the store, for it moves with use -> 4502

One look at all sessions instead of a timer for each. It never ends a session that the store still knows.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from actors.runtime.wheel import Timer, Wheel
from actors.session.directory import Directory
from actors.session.link import CloseCode
from actors.session.session import Session
from storage.errors import StorageError

_log = logging.getLogger(__name__)

ExpiresAt = Callable[[str, str], Awaitable[datetime | None]]
"""(user, session) -> when it will have run out; None when it has, or is no more."""


class Expiry:
    def __init__(self, directory: Directory, expires_at: ExpiresAt, wheel: Wheel, every_s: float) -> None:
        self._directory = directory
        self._expires_at = expires_at
        self._wheel = wheel
        self._every_s = every_s
        self._timer: Timer | None = None
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._timer = self._wheel.after(self._every_s, self._begin)

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _begin(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        now = time.time()
        try:
            for session in self._directory.sessions():
                if session.expires_at <= now:
                    await self._judge(session)
        except StorageError:
            _log.warning("tokens could not be looked at; it is tried again")
        finally:
            self.start()

    async def _judge(self, session: Session) -> None:
        until = await self._expires_at(session.user_id, session.session_id)
        if until is not None:
            session.expires_at = until.timestamp()
        elif not session.closed:
            session.link.close(CloseCode.TOKEN_EXPIRED, "the token has expired")

"""Closes connections whose login session has expired or was revoked, and updates which users are silenced.

The bus reports revocations and silences immediately, but may lose messages; an expiry is not reported. So all
local connections are compared with the store periodically, in one query per batch.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from actors.runtime.timer_wheel import Timer, TimerWheel
from actors.sessions.online_users import OnlineUsers
from actors.sessions.transport import CloseCode
from storage.contracts.users import SessionState
from storage.errors import StorageError

_log = logging.getLogger(__name__)

SESSIONS_PER_QUERY = 1000

LoadSessionStates = Callable[[Sequence[str]], Awaitable[Mapping[str, SessionState]]]
"""Returns the state of each login session by id. Those that have expired or were revoked are absent."""


class TokenExpiryChecker:
    """Compares the login sessions of sockets and event streams with the store every `period_s`."""

    def __init__(
        self, online_users: OnlineUsers, load_states: LoadSessionStates, wheel: TimerWheel, period_s: float
    ) -> None:
        self._online_users = online_users
        self._load_states = load_states
        self._wheel = wheel
        self._period_s = period_s
        self._timer: Timer | None = None
        self._check_task: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        self._timer = self._wheel.call_later(self._period_s, self._start_check)

    async def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._check_task is not None:
            self._check_task.cancel()
            await asyncio.gather(self._check_task, return_exceptions=True)

    def _start_check(self) -> None:
        self._check_task = asyncio.create_task(self._check_all())

    async def _check_all(self) -> None:
        try:
            session_ids = self._online_users.login_session_ids()
            for start in range(0, len(session_ids), SESSIONS_PER_QUERY):
                await self._check(session_ids[start : start + SESSIONS_PER_QUERY])
        finally:
            if not self._closed:
                self.start()

    async def _check(self, batch: Sequence[str]) -> None:
        try:
            states = await self._load_states(batch)
        except StorageError:
            # Later batches are checked even so, or a store that fails now and then would keep them unchecked.
            _log.debug("sessions could not be checked; retried at the next check")
        else:
            self._update(batch, states)

    def _update(self, batch: Sequence[str], states: Mapping[str, SessionState]) -> None:
        for session in self._online_users.find_sessions(batch):
            state = states.get(session.session_id)
            if state is not None:
                session.expires_at = state.expires_at.timestamp()
                session.silenced_until = state.silenced_until
            elif session.expires_at <= time.time():
                session.transport.close(CloseCode.TOKEN_EXPIRED, "the token has expired")
            else:
                session.transport.close(CloseCode.SESSION_REVOKED, "the session was revoked")
        ended = [session_id for session_id in batch if session_id not in states]
        for event_stream in self._online_users.find_event_streams(ended):
            event_stream.close("the session has ended")

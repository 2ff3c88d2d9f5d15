"""Who is with this instance, and how: folded from all sessions of a user.

    session comes, goes, is away -> folded -> the board, together with others of the same moment

Whoever leaves stays for a grace, so that a reconnect is not seen, also not by those beside whom a device lies
that is away. What the board did not take is said again. It never asks who is elsewhere.
"""

import asyncio
import logging

from actors.runtime.wheel import Timer, Wheel
from actors.wire.moment import now_ms
from storage.contracts.presence import LastSeenStore, PresenceBoard
from storage.errors import Unavailable
from storage.records.presence import LastSeen

_log = logging.getLogger(__name__)
ONLINE, AWAY, OFFLINE = "online", "away", "offline"
RETRY_S = 1.0
NOTE_S = 1.0


class Attendance:
    def __init__(
        self, board: PresenceBoard, seen: LastSeenStore, wheel: Wheel, instance: str, grace_s: float
    ) -> None:
        self._board = board
        self._seen = seen
        self._wheel = wheel
        self._instance = instance
        self._grace_s = grace_s
        # How many sessions each user has here, and which of them are away.
        self._here: dict[str, int] = {}
        self._away: dict[str, set[object]] = {}
        self._leaving: dict[str, Timer] = {}
        self._said: dict[str, str] = {}
        self._due: dict[str, None] = {}
        self._seen_due: dict[str, LastSeen] = {}
        self._writing: asyncio.Task[None] | None = None
        self._note_soon: Timer | None = None
        self._noting: asyncio.Task[None] | None = None
        self._pulse: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lost = False
        self._closed = False

    def come(self, user_id: str) -> None:
        timer = self._leaving.pop(user_id, None)
        if timer is not None:
            timer.cancel()
        self._here[user_id] = self._here.get(user_id, 0) + 1
        self._fold(user_id)

    def go(self, user_id: str, session: object) -> None:
        before = self.state(user_id)
        self._return(user_id, session)
        self._here[user_id] -= 1
        if self._here[user_id] and self.state(user_id) == before:
            return
        timer = self._leaving.pop(user_id, None)
        if timer is not None:
            timer.cancel()
        self._leaving[user_id] = self._wheel.after(self._grace_s, lambda: self._gone(user_id))

    def set(self, user_id: str, session: object, *, away: bool) -> None:
        if away:
            self._away.setdefault(user_id, set()).add(session)
        else:
            self._return(user_id, session)
        self._fold(user_id)

    def state(self, user_id: str) -> str | None:
        """How a user is here; None when not. Within the grace nobody is left to be away."""
        count = self._here.get(user_id)
        if count is None:
            return None
        if user_id in self._leaving:
            return ONLINE
        return AWAY if count and len(self._away.get(user_id, ())) >= count else ONLINE

    async def said(self, user_id: str) -> None:
        """Wait until the board knows how a user is; not while it is away."""
        while not self._lost and not self._closed and self._said.get(user_id) != self.state(user_id):
            await asyncio.shield(self._pulse)

    def say_all(self) -> None:
        """The board may have lost everything: say it anew."""
        self._said.clear()
        for user_id in self._here:
            self._fold(user_id)

    async def close(self) -> None:
        """Stop saying anything; the lease runs out by itself, which is the grace of those who were here."""
        self._closed = True
        self._beat()
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        if self._note_soon is not None:
            self._note_soon.cancel()
        if self._noting is not None:
            await asyncio.wait([self._noting])
        await self._note()

    def _return(self, user_id: str, session: object) -> None:
        away = self._away.get(user_id)
        if away is not None:
            away.discard(session)
            if not away:
                del self._away[user_id]

    def _gone(self, user_id: str) -> None:
        self._leaving.pop(user_id, None)
        if not self._here.get(user_id):
            self._here.pop(user_id, None)
        self._fold(user_id)

    def _fold(self, user_id: str) -> None:
        if not self._closed and self._said.get(user_id) != self.state(user_id):
            self._due[user_id] = None
            if self._writing is None:
                self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            # Those of one tick go together.
            await asyncio.sleep(0)
            while self._due:
                due, self._due = self._due, {}
                states = {user_id: self.state(user_id) for user_id in due}
                try:
                    await self._board.put(self._instance, states)
                except Unavailable:
                    # Whatever is so by then is said when the board is back.
                    self._due = {**due, **self._due}
                    self._lost = True
                    self._wheel.after(RETRY_S, self._again)
                    return
                self._lost = False
                self._keep(states)
                self._beat()
        finally:
            self._writing = None
            self._beat()

    def _keep(self, states: dict[str, str | None]) -> None:
        now = now_ms()
        for user_id, state in states.items():
            if state is None:
                self._said.pop(user_id, None)
            else:
                self._said[user_id] = state
            self._seen_due[user_id] = LastSeen(user_id, state or OFFLINE, now)
        if self._note_soon is None:
            self._note_soon = self._wheel.after(NOTE_S, self._begin_note)

    def _beat(self) -> None:
        pulse, self._pulse = self._pulse, asyncio.get_running_loop().create_future()
        pulse.set_result(None)

    def _again(self) -> None:
        if self._due and self._writing is None and not self._closed:
            self._writing = asyncio.create_task(self._write())

    def _begin_note(self) -> None:
        self._note_soon = None
        if not self._closed:
            self._noting = asyncio.create_task(self._note())

    async def _note(self) -> None:
        """Write when people were seen, together and a little late."""
        due, self._seen_due = self._seen_due, {}
        if due:
            try:
                await self._seen.note_seen(list(due.values()))
            except Unavailable:
                _log.warning("last_seen was not written for %d people", len(due))

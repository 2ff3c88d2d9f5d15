"""Whom a client watches: asked for again after each connect, because a server forgets it with the socket.

What changed meanwhile is handed on as a frame like any other. It never asks while nobody is watched.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from actors.protocol.commands import WatchPresence
from actors.protocol.presence import Presence, PresenceChanged
from actors.protocol.server_frames import ServerFrame, WatchResult
from client.asks import Asks
from client.errors import Ended, Refused, Unanswered


class Watched:
    def __init__(self, asks: Asks, hand_on: Callable[[Sequence[ServerFrame]], Awaitable[None]]) -> None:
        self._asks = asks
        self._hand_on = hand_on
        self._user_ids: list[str] = []
        self._renewing: asyncio.Task[None] | None = None

    async def watch(self, user_ids: Sequence[str], deadline_s: float | None) -> list[Presence]:
        """Replace the list; answers how everybody on it is."""
        self._user_ids = list(user_ids)
        return await self._ask(deadline_s)

    def connected(self) -> None:
        """A new socket: the server knows nothing of the list."""
        if self._user_ids:
            self._renewing = asyncio.create_task(self._renew())

    async def close(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)

    async def _ask(self, deadline_s: float | None) -> list[Presence]:
        wanted = list(self._user_ids)
        result = await self._asks.ask(lambda number: WatchPresence(number, wanted), WatchResult, deadline_s)
        return result.presences

    async def _renew(self) -> None:
        try:
            await self._hand_on([PresenceChanged(await self._ask(None))])
        except (Refused, Unanswered, Ended):
            # The next connect asks again.
            return

"""The users whose presence a client watches.

The server forgets the list when the connection ends, so it is sent again after each reconnect. The
presences it returns are delivered as a `presence.changed` frame.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from actors.protocol.commands import WatchPresence
from actors.protocol.presence import Presence, PresenceChanged
from actors.protocol.server_frames import ServerFrame
from client.errors import ClientClosed, RequestRejected, RequestTimeout
from client.pending_commands import PendingCommands


class PresenceWatchList:
    def __init__(
        self, pending_commands: PendingCommands, put: Callable[[Sequence[ServerFrame]], Awaitable[None]]
    ) -> None:
        self._pending_commands = pending_commands
        self._put = put
        self._user_ids: list[str] = []
        self._rewatch_task: asyncio.Task[None] | None = None

    async def watch(self, user_ids: Sequence[str], deadline_s: float | None) -> list[Presence]:
        """Replace the list; return the presence of each user on it, as far as no later list replaced it.

        Raises as `PendingCommands.request`.
        """
        self._user_ids = list(user_ids)
        wanted = set(user_ids)
        return [presence for presence in await self._watch(deadline_s) if presence.user_id in wanted]

    def on_connected(self) -> None:
        """Send the list again on a new connection, unless it is empty."""
        if self._user_ids:
            self._rewatch_task = asyncio.create_task(self._rewatch())

    async def close(self) -> None:
        if self._rewatch_task is not None:
            self._rewatch_task.cancel()
            await asyncio.gather(self._rewatch_task, return_exceptions=True)

    async def _watch(self, deadline_s: float | None) -> list[Presence]:
        # Read at each attempt: a retry may follow a later list, and must not bring this one back.
        result = await self._pending_commands.request(
            lambda request_id: WatchPresence(request_id, self._user_ids), deadline_s
        )
        return result.presences

    async def _rewatch(self) -> None:
        try:
            await self._put([PresenceChanged(await self._watch(None))])
        except (RequestRejected, RequestTimeout, ClientClosed):
            # The next reconnect tries again.
            return

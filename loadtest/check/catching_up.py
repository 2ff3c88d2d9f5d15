"""The log read over HTTP where the server asked for it: after `lagged`, and after `resync`.

What comes is shown to the ledger and to the eyes of whoever missed it. It gives up only when told to end,
or when the conversation is no longer that client's.
"""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import msgspec

from loadtest.check.ledger import Ledger
from loadtest.guests.guest import Guest
from loadtest.play.calls import Calls, Failed
from loadtest.wire.heard import Heard

AT_ONCE: Final = 16
PAGE: Final = 100
PAUSE_S: Final = 0.5


class ChangesHeard(msgspec.Struct, frozen=True):
    items: list[Heard]
    last_seq: int
    has_more: bool


class CatchingUp:
    def __init__(self, guest_of: Callable[[int], Guest], calls: Calls, ledger: Ledger) -> None:
        self._guest_of = guest_of
        self._calls = calls
        self._ledger = ledger
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def begin(self, number: int, conversation_id: str, after: int, lagged: bool) -> None:  # noqa: FBT001
        """As `Ground.fetch` says."""
        task = asyncio.ensure_future(
            self._read(self._guest_of(number), conversation_id, after, lagged=lagged)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _read(self, guest: Guest, conversation_id: str, after: int, *, lagged: bool) -> None:
        told: list[int] = []
        position = after
        async with self._gate:
            while conversation_id in guest.eyes.positions:
                try:
                    page = await self._page(guest, conversation_id, position)
                except Failed:
                    await asyncio.sleep(PAUSE_S)
                    continue
                for heard in page.items:
                    self._ledger.witness(heard)
                    told.append(heard.seq)
                position = max(position, page.last_seq)
                if not page.has_more:
                    break
        if lagged:
            guest.eyes.fetched_range(conversation_id, after, told, position)
        else:
            guest.eyes.caught_up(conversation_id, told, position)

    async def _page(self, guest: Guest, conversation_id: str, after: int) -> ChangesHeard:
        path = f"/v1/conversations/{quote(conversation_id)}/changes?after={after}&limit={PAGE}"
        return await self._calls.call("changes", "GET", guest.url, path, guest.token, ChangesHeard)

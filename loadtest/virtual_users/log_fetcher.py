"""Fetches conversation logs over HTTP after `lagged` and `resync`.

Passes the entries to the log observer and to the delivery checker of the client. Retries until the client
leaves the conversation or `close` is called.
"""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import msgspec

from loadtest.check.log_observer import LogObserver
from loadtest.http_calls import CallFailed, HttpCalls
from loadtest.virtual_users.virtual_user import VirtualUser
from loadtest.websocket.frames import ReceivedFrame

CONCURRENCY: Final = 16
PAGE_SIZE: Final = 100
RETRY_DELAY_S: Final = 0.5


class ChangesPage(msgspec.Struct, frozen=True):
    items: list[ReceivedFrame]
    last_seq: int
    has_more: bool


class LogFetcher:
    def __init__(
        self, user_by_number: Callable[[int], VirtualUser], http_calls: HttpCalls, observer: LogObserver
    ) -> None:
        self._user_by_number = user_by_number
        self._http_calls = http_calls
        self._observer = observer
        self._gate = asyncio.Semaphore(CONCURRENCY)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    def start_fetch(self, number: int, conversation_id: str, after: int, lagged: bool) -> None:  # noqa: FBT001
        """See `WorkerContext.fetch`."""
        task = asyncio.ensure_future(
            self._fetch(self._user_by_number(number), conversation_id, after, lagged=lagged)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self, user: VirtualUser, conversation_id: str, after: int, *, lagged: bool) -> None:
        delivered: list[int] = []
        position = after
        async with self._gate:
            while conversation_id in user.checker.positions:
                try:
                    page = await self._fetch_page(user, conversation_id, position)
                except CallFailed:
                    await asyncio.sleep(RETRY_DELAY_S)
                    continue
                for entry in page.items:
                    self._observer.observe(entry)
                    delivered.append(entry.seq)
                position = max(position, page.last_seq)
                if not page.has_more:
                    break
        if lagged:
            user.checker.on_range_fetched(conversation_id, after, delivered, position)
        else:
            user.checker.on_log_fetched(conversation_id, delivered, position)

    async def _fetch_page(self, user: VirtualUser, conversation_id: str, after: int) -> ChangesPage:
        path = f"/v1/conversations/{quote(conversation_id)}/changes?after={after}&limit={PAGE_SIZE}"
        return await self._http_calls.request("changes", "GET", user.url_index, path, user.token, ChangesPage)

"""Things made over HTTP before the load begins: some at a time, each until the server has taken it.

Spread over all servers. It never asks twice for what has come about: every creation has its key.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import aiohttp
import msgspec

from client.errors import RequestTimeout
from client.retrying_http import HttpRequest, RetryingHttpClient

Item = TypeVar("Item")
Made = TypeVar("Made")
CONCURRENCY: Final = 16
RETRY_FOR_S: Final = 120.0
WAIT_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.1

ProgressCallback = Callable[[str, int, int], None]
"""(what, how many are done, of how many)"""


class CreatedObject(msgspec.Struct, frozen=True):
    """Anything that was made."""

    id: str


class SetupClient:
    def __init__(
        self, session: aiohttp.ClientSession, urls: Sequence[str], progress: ProgressCallback
    ) -> None:
        self._clients = [RetryingHttpClient(session, url, retry_for_s=RETRY_FOR_S) for url in urls]
        self._progress = progress

    async def request(self, response_type: type[Made], http_request: HttpRequest, turn: int) -> Made:
        """Ask the server whose turn it is for something that has to be there. Raises as `Requests.ask`."""
        if http_request.method == "POST":
            http_request = msgspec.structs.replace(http_request, idempotency_key=secrets.token_hex(16))
        return await self._clients[turn % len(self._clients)].request(response_type, http_request)

    async def wait_for(self, response_type: type[Made], request: HttpRequest, turn: int) -> Made:
        """Ask for what comes about a moment after something else. Raises `Unanswered` where it does not."""
        end = time.monotonic() + WAIT_TIMEOUT_S
        while time.monotonic() < end:
            found = await self._clients[turn % len(self._clients)].request_if_allowed(response_type, request)
            if found is not None:
                return found
            await asyncio.sleep(POLL_S)
        raise RequestTimeout(f"{request.method} {request.path}: it did not come about")

    async def execute(self, request: HttpRequest, turn: int) -> None:
        """As `make`, where nothing is answered."""
        await self._clients[turn % len(self._clients)].execute(request)

    async def for_each(
        self, what: str, items: Sequence[Item], create: Callable[[int, Item], Awaitable[Made]]
    ) -> list[Made]:
        """Make something of each item, some at a time; answers in the order of the items."""
        gate = asyncio.Semaphore(CONCURRENCY)
        done = 0

        async def create_one(number: int, item: Item) -> Made:
            nonlocal done
            async with gate:
                made = await create(number, item)
            done += 1
            self._progress(what, done, len(items))
            return made

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(create_one(number, item)) for number, item in enumerate(items)]
        except ExceptionGroup as failures:
            # The first one says what is the matter; the others only that it was so for all.
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]

"""Creates objects over HTTP before the load, with retries and bounded concurrency.

Requests are spread over all servers. A POST has an idempotency key, and the others are idempotent, so a retry
creates nothing twice.
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
Created = TypeVar("Created")
CONCURRENCY: Final = 16
RETRY_FOR_S: Final = 120.0
WAIT_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.1

ProgressCallback = Callable[[str, int, int], None]
"""(label, done, total)"""


class CreatedObject(msgspec.Struct, frozen=True):
    """The response to a creation, of which only the id is used."""

    id: str


class SetupClient:
    def __init__(
        self, session: aiohttp.ClientSession, urls: Sequence[str], progress: ProgressCallback
    ) -> None:
        self._clients = [RetryingHttpClient(session, url, retry_for_s=RETRY_FOR_S) for url in urls]
        self._progress = progress

    async def request(self, response_type: type[Created], http_request: HttpRequest, turn: int) -> Created:
        """Send a request to the server chosen by `turn`. Raises like `RetryingHttpClient.request`."""
        if http_request.method == "POST":
            http_request = msgspec.structs.replace(http_request, idempotency_key=secrets.token_hex(16))
        return await self._clients[turn % len(self._clients)].request(response_type, http_request)

    async def wait_for(self, response_type: type[Created], request: HttpRequest, turn: int) -> Created:
        """Poll for an object that is created asynchronously.

        Raises `RequestTimeout` after `WAIT_TIMEOUT_S`, and like `request`.
        """
        end = time.monotonic() + WAIT_TIMEOUT_S
        while time.monotonic() < end:
            response = await self._clients[turn % len(self._clients)].request_if_allowed(
                response_type, request
            )
            if response is not None:
                return response
            await asyncio.sleep(POLL_S)
        raise RequestTimeout(f"{request.method} {request.path}: not found in time")

    async def execute(self, request: HttpRequest, turn: int) -> None:
        """Like `request`, ignoring the response; 403, 404 and 409 are not errors."""
        await self._clients[turn % len(self._clients)].execute(request)

    async def for_each(
        self, label: str, items: Sequence[Item], create: Callable[[int, Item], Awaitable[Created]]
    ) -> list[Created]:
        """Create something for each item, `CONCURRENCY` at a time; return the results in order."""
        gate = asyncio.Semaphore(CONCURRENCY)
        done = 0

        async def create_one(number: int, item: Item) -> Created:
            nonlocal done
            async with gate:
                created = await create(number, item)
            done += 1
            self._progress(label, done, len(items))
            return created

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(create_one(number, item)) for number, item in enumerate(items)]
        except ExceptionGroup as failures:
            # The first failure is the cause; the others usually repeat it.
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]

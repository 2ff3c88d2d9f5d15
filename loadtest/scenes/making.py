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

from client.demo.requests import Request, Requests
from client.errors import Unanswered

Item = TypeVar("Item")
Made = TypeVar("Made")
AT_ONCE: Final = 16
PATIENCE_S: Final = 120.0
FIND_S: Final = 30.0
PAUSE_S: Final = 0.1

Progress = Callable[[str, int, int], None]
"""(what, how many are done, of how many)"""


class Identified(msgspec.Struct, frozen=True):
    """Anything that was made."""

    id: str


class Making:
    def __init__(self, session: aiohttp.ClientSession, urls: Sequence[str], progress: Progress) -> None:
        self._requests = [Requests(session, url, patience_s=PATIENCE_S) for url in urls]
        self._progress = progress

    async def make(self, kind: type[Made], request: Request, turn: int) -> Made:
        """Ask the server whose turn it is for something that has to be there. Raises as `Requests.ask`."""
        if request.method == "POST":
            request = msgspec.structs.replace(request, key=secrets.token_hex(16))
        return await self._requests[turn % len(self._requests)].ask(kind, request)

    async def find(self, kind: type[Made], request: Request, turn: int) -> Made:
        """Ask for what comes about a moment after something else. Raises `Unanswered` where it does not."""
        end = time.monotonic() + FIND_S
        while time.monotonic() < end:
            found = await self._requests[turn % len(self._requests)].attempt(kind, request)
            if found is not None:
                return found
            await asyncio.sleep(PAUSE_S)
        raise Unanswered(f"{request.method} {request.path}: it did not come about")

    async def do(self, request: Request, turn: int) -> None:
        """As `make`, where nothing is answered."""
        await self._requests[turn % len(self._requests)].do(request)

    async def each(
        self, what: str, items: Sequence[Item], make: Callable[[int, Item], Awaitable[Made]]
    ) -> list[Made]:
        """Make something of each item, some at a time; answers in the order of the items."""
        gate = asyncio.Semaphore(AT_ONCE)
        done = 0

        async def one(number: int, item: Item) -> Made:
            nonlocal done
            async with gate:
                made = await make(number, item)
            done += 1
            self._progress(what, done, len(items))
            return made

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(number, item)) for number, item in enumerate(items)]
        except ExceptionGroup as failures:
            # The first one says what is the matter; the others only that it was so for all.
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]

"""Readers of the home feed over HTTP: a page, and some go on to the next ones."""

from collections.abc import Sequence
from typing import Final

import msgspec

from loadtest.play.calls import Calls
from loadtest.play.play import Cast
from loadtest.process.letters import Seat

NEXT_PAGE_SHARE: Final = 0.3
PAGES_MAX: Final = 5


class PageRead(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] = []
    next_cursor: str | None = None


class Feed:
    """A `Play`, for which nobody has to be connected."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._seats: Sequence[Seat] = cast.plan.seats

    def act(self, intended_us: int) -> None:
        seat = self._cast.dice.choice(self._seats)
        pages = 1
        while pages < PAGES_MAX and self._cast.dice.random() < NEXT_PAGE_SHARE:
            pages += 1
        self._cast.calls.begin(read_feed(self._cast.calls, seat.url, seat.token, intended_us, pages))

    async def run(self, begin_us: int, end_us: int) -> None:
        """Nothing happens besides."""


async def read_feed(calls: Calls, url: int, token: str, intended_us: int, pages: int) -> None:
    """Read so many pages of one's feed, each once the one before it has come."""
    path = "/v1/feed"
    for _ in range(pages):
        page = await calls.call("feed", "GET", url, path, token, PageRead, intended_us=intended_us)
        if page.next_cursor is None:
            return
        intended_us = 0
        path = f"/v1/feed?cursor={page.next_cursor}"

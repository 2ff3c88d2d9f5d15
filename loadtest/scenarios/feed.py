"""Workload that reads the home feed over HTTP: a page, sometimes followed by more."""

from collections.abc import Sequence
from typing import Final

import msgspec

from loadtest.http_calls import HttpCalls
from loadtest.run_plan import Assignment
from loadtest.scenarios.workload import ScenarioContext

NEXT_PAGE_SHARE: Final = 0.3
PAGES_MAX: Final = 5


class FeedPage(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] = []
    next_cursor: str | None = None


class FeedWorkload:
    """Needs no websocket connections."""

    def __init__(self, context: ScenarioContext) -> None:
        self._context = context
        self._assignments: Sequence[Assignment] = context.plan.assignments

    def perform(self, intended_us: int) -> None:
        assignment = self._context.rng.choice(self._assignments)
        pages = 1
        while pages < PAGES_MAX and self._context.rng.random() < NEXT_PAGE_SHARE:
            pages += 1
        self._context.http_calls.start(
            read_feed(self._context.http_calls, assignment.url_index, assignment.token, intended_us, pages)
        )

    async def run_background(self, begin_us: int, end_us: int) -> None:
        """Do nothing."""


async def read_feed(calls: HttpCalls, url_index: int, token: str, intended_us: int, pages: int) -> None:
    """Read `pages` pages of a user's feed, one after the other."""
    path = "/v1/feed"
    for _ in range(pages):
        page = await calls.request("feed", "GET", url_index, path, token, FeedPage, intended_us=intended_us)
        if page.next_cursor is None:
            return
        intended_us = 0
        path = f"/v1/feed?cursor={page.next_cursor}"

"""The keys of pages, as cursors: when something was, and its id. Never anything that may not be told."""

from collections.abc import Sequence
from typing import Any

from server.http.call import Call, Page
from server.http.cursor import write_cursor
from storage.contracts.social import PageKey


def page_key(call: Call[Any, Any]) -> PageKey | None:
    """The key behind which a page goes on. Raises `cursor.invalid`."""
    return call.cursor(tuple[int, str])


def page_of(items: Sequence[object], next_key: PageKey | None) -> Page[object]:
    """A page whose cursor is that key."""
    return Page(list(items), None if next_key is None else write_cursor(next_key))

"""The keys of pages, as cursors: when something was, and its id. Never anything that may not be told."""

from typing import Any, TypeVar

from actors.people.slice import Slice
from server.http.call import Call, Page
from server.http.cursor import write_cursor
from storage.contracts.social import PageKey

Item = TypeVar("Item")


def page_key(call: Call[Any, Any]) -> PageKey | None:
    """The key behind which a page goes on. Raises `cursor.invalid`."""
    return call.cursor(tuple[int, str])


def page_of(found: Slice[Item]) -> Page[Item]:
    """A page whose cursor is the key behind it."""
    return Page(found.items, None if found.next_key is None else write_cursor(found.next_key))

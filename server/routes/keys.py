"""The keys of pages, as cursors: when something was, and its id. Never anything that may not be told."""

from typing import Any, TypeVar
from uuid import UUID

from actors.people.slice import KeysetPage
from actors.protocol.errors import ApiError
from server.http.call import Call, Page
from server.http.cursor import write_cursor
from storage.contracts.social import PageKey

Item = TypeVar("Item")


LAST_US = 253_402_300_799_999_999
"""The end of the year 9999."""


def page_key(call: Call[Any, Any]) -> PageKey | None:
    """The key behind which a page goes on. Raises `cursor.invalid` for what no list of ours gives out."""
    key = call.cursor(tuple[int, str])
    if key is not None and not (0 <= key[0] <= LAST_US and _is_id(key[1])):
        raise ApiError("cursor.invalid", "The cursor is not one of ours.")
    return key


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def page_of(found: KeysetPage[Item]) -> Page[Item]:
    """A page whose cursor is the key behind it."""
    return Page(found.items, None if found.next_key is None else write_cursor(found.next_key))

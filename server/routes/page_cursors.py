"""The keys of pages, as cursors: when something was, and its id. Never anything that may not be told."""

from typing import Any, TypeVar
from uuid import UUID

from actors.pagination import KeysetPage
from actors.protocol.errors import ApiError
from server.http.cursor import encode_cursor
from server.http.typed_request import Page, TypedRequest
from storage.contracts.paging import PageKey

Item = TypeVar("Item")


CURSOR_TIME_MAX_US = 253_402_300_799_999_999
"""The end of the year 9999."""


def decode_page_cursor(request: TypedRequest[Any, Any]) -> PageKey | None:
    """The key behind which a page goes on. Raises `cursor.invalid` for what no list of ours gives out."""
    key = request.cursor(tuple[int, str])
    if key is not None and not (0 <= key[0] <= CURSOR_TIME_MAX_US and _is_uuid(key[1])):
        raise ApiError("cursor.invalid", "The cursor is not one of ours.")
    return key


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def to_page(keyset_page: KeysetPage[Item]) -> Page[Item]:
    """A page whose cursor is the key behind it."""
    return Page(
        keyset_page.items, None if keyset_page.next_key is None else encode_cursor(keyset_page.next_key)
    )

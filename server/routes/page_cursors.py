"""Cursors of lists ordered by time: the time in microseconds and the id of a page's last item."""

from typing import Any, TypeVar
from uuid import UUID

from actors.pagination import KeysetPage
from actors.protocol.errors import invalid_cursor
from server.http.cursor import encode_cursor
from server.http.response import Page
from server.http.route import TypedRequest
from storage.contracts.paging import PageKey

Item = TypeVar("Item")


CURSOR_TIME_MAX_US = 253_402_300_799_999_999
"""The end of the year 9999."""


def decode_page_cursor(request: TypedRequest[Any, Any]) -> PageKey | None:
    """Return the key after which the page starts, or None without a cursor.

    Raises:
        ApiError: cursor.invalid.
    """
    key = request.cursor(tuple[int, str])
    if key is not None and not (0 <= key[0] <= CURSOR_TIME_MAX_US and _is_uuid(key[1])):
        raise invalid_cursor()
    return key


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def to_page(keyset_page: KeysetPage[Item]) -> Page[Item]:
    """Convert a service's page, with its next key as the cursor."""
    return Page(
        keyset_page.items, None if keyset_page.next_key is None else encode_cursor(keyset_page.next_key)
    )

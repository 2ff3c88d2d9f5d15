"""Keyset pagination: one page of a longer list, and the key after which the next page starts.

Callers read one record more than the page holds; that record shows whether there is a next page.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from storage.contracts.paging import PageKey, to_microseconds

Item = TypeVar("Item")
Record = TypeVar("Record")


class KeysetPage(msgspec.Struct, Generic[Item], frozen=True):
    items: list[Item]
    next_key: PageKey | None


def paginate(
    records: Sequence[Record], limit: int, sort_key: Callable[[Record], tuple[datetime, str]]
) -> tuple[list[Record], PageKey | None]:
    """Return the first `limit` records and the key of the next page; None on the last page.

    `sort_key` returns the timestamp and id by which the records are ordered.
    """
    page = list(records[:limit])
    if len(records) <= limit:
        return page, None
    timestamp, last_id = sort_key(page[-1])
    return page, (to_microseconds(timestamp), last_id)

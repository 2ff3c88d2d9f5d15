"""Keyset pagination: one page of a longer list, and the key after which the next page starts.

Callers read one record more than the page holds; that record shows whether there is a next page.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

import msgspec

from storage.contracts.paging import PageKey, to_microseconds

FILTERED_READS_MAX: Final = 4
"""Reads for one filtered page. Where few rows pass the filter, a page has fewer rows than its limit."""
FILTERED_READ_ROWS_MAX: Final = 400
"""Less than what `public_page_ids` and `tag_page_ids` (`sql/posts/functions/`) return at most."""

FILTERED_READ_GROWTH: Final = 4

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


async def paginate_filtered(
    read: Callable[[PageKey | None, int], Awaitable[Sequence[Record]]],
    keep: Callable[[Sequence[Record]], Awaitable[list[Record]]],
    before: PageKey | None,
    limit: int,
    sort_key: Callable[[Record], tuple[datetime, str]],
) -> tuple[list[Record], PageKey | None]:
    """Return a page of the records that pass `keep`, and the key of the next page; None on the last page.

    `read(before, count)` returns up to `count` records. It is called at most `FILTERED_READS_MAX` times and
    usually once; a page with a next key may therefore have fewer than `limit` records.
    """
    kept: list[Record] = []
    count = limit + 1
    for _ in range(FILTERED_READS_MAX):
        records = await read(before, count)
        kept += await keep(records)
        if len(kept) > limit or len(records) < count:
            return paginate(kept, limit, sort_key)
        timestamp, last_id = sort_key(records[-1])
        before = (to_microseconds(timestamp), last_id)
        count = min(count * FILTERED_READ_GROWTH, FILTERED_READ_ROWS_MAX)
    return kept, before

"""A part of a longer list, and the key behind which the next part stands.

Lists are asked for with one more than is shown: only then is it known whether they go on. Never an offset.
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
    """The first `limit`, and where the rest begins; they are ordered by `place`, a moment and an id."""
    page = list(records[:limit])
    if len(records) <= limit:
        return page, None
    moment, last_id = sort_key(page[-1])
    return page, (to_microseconds(moment), last_id)

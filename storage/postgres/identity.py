"""Ids and page keys as the driver takes them. Never asks the database.

The driver's own UUID is as the standard one, and several times faster; a page of twenty posts has sixty.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from asyncpg.pgproto.pgproto import UUID

from storage.contracts.social import PageKey
from storage.records.moments import EPOCH

FIRST_ID: Final = uuid.UUID(int=0)
LAST_ID: Final = uuid.UUID(int=2**128 - 1)
MOMENTS: Final = (0, 253_402_300_799_000_000)
"""From 1970 to the end of the year 9999, in microseconds: whatever a forged cursor says."""


def id_of(text: str) -> uuid.UUID | None:
    """Read an id in exactly the form that is given out; any other text names nobody."""
    try:
        parsed: uuid.UUID = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text else None


def ids_of(texts: Iterable[str]) -> list[uuid.UUID]:
    return [parsed for text in texts if (parsed := id_of(text)) is not None]


def before(key: PageKey | None) -> tuple[datetime, uuid.UUID]:
    """Where a page that goes down begins; at the top without a key."""
    if key is None:
        return _moment(MOMENTS[1]), LAST_ID
    return _moment(key[0]), id_of(key[1]) or FIRST_ID


def after(key: PageKey | None) -> tuple[datetime, uuid.UUID]:
    """Where a page that goes up begins; at the bottom without a key."""
    if key is None:
        return _moment(MOMENTS[0]), FIRST_ID
    return _moment(key[0]), id_of(key[1]) or LAST_ID


def _moment(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=min(max(us, MOMENTS[0]), MOMENTS[1]))

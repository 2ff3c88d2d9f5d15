"""Conversion of ids and page keys to statement parameters.

Uses the driver's UUID class, which equals the standard one and is several times faster to create: a page of
twenty posts has sixty ids.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from asyncpg.pgproto.pgproto import UUID

from storage.contracts.paging import EPOCH, PageKey

MIN_UUID: Final = uuid.UUID(int=0)
MAX_UUID: Final = uuid.UUID(int=2**128 - 1)
TIMESTAMP_RANGE_US: Final = (0, 253_402_300_799_999_999)
"""1970 to the end of year 9999, in microseconds. Times of forged page cursors are clamped to it."""


def to_uuid(text: str) -> uuid.UUID | None:
    """Parse an id in canonical form; return None for any other text, which matches no row."""
    try:
        parsed: uuid.UUID = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text else None


def to_uuids(texts: Iterable[str]) -> list[uuid.UUID]:
    return [parsed for text in texts if (parsed := to_uuid(text)) is not None]


def page_before(key: PageKey | None) -> tuple[datetime, uuid.UUID]:
    """Return the exclusive upper bound of a descending page; without a key, the maximum."""
    if key is None:
        return _to_datetime(TIMESTAMP_RANGE_US[1]), MAX_UUID
    return _to_datetime(key[0]), to_uuid(key[1]) or MIN_UUID


def page_after(key: PageKey | None) -> tuple[datetime, uuid.UUID]:
    """Return the exclusive lower bound of an ascending page; without a key, the minimum."""
    if key is None:
        return _to_datetime(TIMESTAMP_RANGE_US[0]), MIN_UUID
    return _to_datetime(key[0]), to_uuid(key[1]) or MAX_UUID


def _to_datetime(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=min(max(us, TIMESTAMP_RANGE_US[0]), TIMESTAMP_RANGE_US[1]))

"""Ids and page keys as the driver takes them. Never asks the database.

The driver's own UUID is as the standard one, and several times faster; a page of twenty posts has sixty.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from asyncpg.pgproto.pgproto import UUID

from storage.contracts.social import PageKey
from storage.records.timestamps import EPOCH

MIN_UUID: Final = uuid.UUID(int=0)
MAX_UUID: Final = uuid.UUID(int=2**128 - 1)
TIMESTAMP_RANGE_US: Final = (0, 253_402_300_799_000_000)
"""From 1970 to the end of the year 9999, in microseconds: whatever a forged cursor says."""


def to_uuid(text: str) -> uuid.UUID | None:
    """Read an id in exactly the form that is given out; any other text names nobody."""
    try:
        parsed: uuid.UUID = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text else None


def to_uuids(texts: Iterable[str]) -> list[uuid.UUID]:
    return [parsed for text in texts if (parsed := to_uuid(text)) is not None]


def page_before(key: PageKey | None) -> tuple[datetime, uuid.UUID]:
    """Where a page that goes down begins; at the top without a key."""
    if key is None:
        return _to_datetime(TIMESTAMP_RANGE_US[1]), MAX_UUID
    return _to_datetime(key[0]), to_uuid(key[1]) or MIN_UUID


def page_after(key: PageKey | None) -> tuple[datetime, uuid.UUID]:
    """Where a page that goes up begins; at the bottom without a key."""
    if key is None:
        return _to_datetime(TIMESTAMP_RANGE_US[0]), MIN_UUID
    return _to_datetime(key[0]), to_uuid(key[1]) or MAX_UUID


def _to_datetime(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=min(max(us, TIMESTAMP_RANGE_US[0]), TIMESTAMP_RANGE_US[1]))

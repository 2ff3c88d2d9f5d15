"""Timestamps of the API: RFC 3339, UTC, milliseconds, `Z`. On input any offset and precision.

Internally those of conversations are integers of milliseconds since the epoch, others are `datetime`s. In a
conversation they are for display: `seq` defines the order.
"""

import time
from datetime import UTC, datetime
from typing import Final

from actors.protocol.errors import invalid_field

YEARS = (1970, 9999)
"""First and last year of a timestamp, in UTC."""
LENGTH_WITHOUT_ZONE: Final = len("1970-01-01T00:00:00.000")


def now_ms() -> int:
    """Return the wall clock in milliseconds since the epoch; for display, not for ordering."""
    return time.time_ns() // 1_000_000


def rfc3339_from_ms(timestamp_ms: int) -> str:
    """Format milliseconds since the epoch: `1700000000123` becomes `2023-11-14T22:13:20.123Z`."""
    seconds, milliseconds = divmod(timestamp_ms, 1000)
    utc = time.gmtime(seconds)
    return (
        f"{utc.tm_year:04d}-{utc.tm_mon:02d}-{utc.tm_mday:02d}T"
        f"{utc.tm_hour:02d}:{utc.tm_min:02d}:{utc.tm_sec:02d}.{milliseconds:03d}Z"
    )


def rfc3339_from_datetime(timestamp: datetime) -> str:
    """Format a datetime; one without a time zone is taken as UTC.

    Digits below a millisecond are truncated: rounding up would give a time in the future.
    """
    if timestamp.tzinfo is not None and timestamp.tzinfo is not UTC:
        timestamp = timestamp.astimezone(UTC)
    return timestamp.isoformat("T", "milliseconds")[:LENGTH_WITHOUT_ZONE] + "Z"


def rfc3339_or_none(timestamp: datetime | None) -> str | None:
    """Format a datetime as `rfc3339_from_datetime`, and None as None."""
    return None if timestamp is None else rfc3339_from_datetime(timestamp)


def to_utc(field: str, timestamp: datetime) -> datetime:
    """Convert a timestamp of a request to UTC and milliseconds; one without a time zone is taken as UTC.

    Digits below a millisecond are truncated, as in responses.

    Raises:
        ApiError: request.invalid, if the year in UTC is not one of `YEARS`.
    """
    try:
        utc = timestamp.replace(tzinfo=UTC) if timestamp.tzinfo is None else timestamp.astimezone(UTC)
    except OverflowError:
        utc = None
    if utc is None or not YEARS[0] <= utc.year <= YEARS[1]:
        raise invalid_field(field, f"Must be in the years {YEARS[0]} to {YEARS[1]}, in UTC.")
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)

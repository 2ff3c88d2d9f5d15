"""Moments in time as the contract writes them: RFC 3339, UTC, milliseconds, `Z`.

Inside the server a moment is an integer of milliseconds since the epoch. This file never reads a clock
for anything that decides an order: `seq` does that.
"""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """The wall clock in milliseconds since the epoch; for showing, never for ordering."""
    return time.time_ns() // 1_000_000


def rfc3339_from_ms(timestamp_ms: int) -> str:
    """`1700000000123` as `2023-11-14T22:13:20.123Z`."""
    seconds, milliseconds = divmod(timestamp_ms, 1000)
    broken = time.gmtime(seconds)
    return (
        f"{broken.tm_year:04d}-{broken.tm_mon:02d}-{broken.tm_mday:02d}T"
        f"{broken.tm_hour:02d}:{broken.tm_min:02d}:{broken.tm_sec:02d}.{milliseconds:03d}Z"
    )


def rfc3339_from_datetime(timestamp: datetime) -> str:
    """A datetime from a store in the contract's form; one without a zone is taken as UTC.

    What is finer than a millisecond is cut off, never rounded up into a moment that has not come yet.
    """
    if timestamp.tzinfo is not None and timestamp.tzinfo is not UTC:
        timestamp = timestamp.astimezone(UTC)
    return (
        f"{timestamp.year:04d}-{timestamp.month:02d}-{timestamp.day:02d}T"
        f"{timestamp.hour:02d}:{timestamp.minute:02d}:{timestamp.second:02d}"
        f".{timestamp.microsecond // 1000:03d}Z"
    )

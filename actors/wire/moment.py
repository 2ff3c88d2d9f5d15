"""Moments in time as the contract writes them: RFC 3339, UTC, milliseconds, `Z`.

Inside the server a moment is an integer of milliseconds since the epoch. This file never reads a clock
for anything that decides an order: `seq` does that.
"""

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """The wall clock in milliseconds since the epoch; for showing, never for ordering."""
    return time.time_ns() // 1_000_000


def rfc3339(moment_ms: int) -> str:
    """`1700000000123` as `2023-11-14T22:13:20.123Z`."""
    seconds, milliseconds = divmod(moment_ms, 1000)
    broken = time.gmtime(seconds)
    return (
        f"{broken.tm_year:04d}-{broken.tm_mon:02d}-{broken.tm_mday:02d}T"
        f"{broken.tm_hour:02d}:{broken.tm_min:02d}:{broken.tm_sec:02d}.{milliseconds:03d}Z"
    )


def rfc3339_of(moment: datetime) -> str:
    """A datetime from a store in the contract's form; one without a zone is taken as UTC.

    What is finer than a millisecond is cut off, never rounded up into a moment that has not come yet.
    """
    if moment.tzinfo is not None and moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return (
        f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}T"
        f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}.{moment.microsecond // 1000:03d}Z"
    )

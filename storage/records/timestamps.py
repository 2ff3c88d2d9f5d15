"""Moments as page keys and timelines keep them: whole microseconds since the epoch."""

from datetime import UTC, datetime, timedelta
from typing import Final

MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(time: datetime) -> int:
    """Exactly, as a float would not be."""
    return (time - EPOCH) // MICROSECOND

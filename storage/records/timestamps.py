"""Timestamps of page keys and timelines: whole microseconds since the epoch."""

from datetime import UTC, datetime, timedelta
from typing import Final

MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(time: datetime) -> int:
    """Convert without the rounding of a float."""
    return (time - EPOCH) // MICROSECOND

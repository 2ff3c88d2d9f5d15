"""Page keys and their timestamps: whole microseconds since the epoch."""

from datetime import UTC, datetime, timedelta
from typing import Final

MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(time: datetime) -> int:
    """Convert without the rounding of a float."""
    return (time - EPOCH) // MICROSECOND


PageKey = tuple[int, str]
"""Key of the last row of a page: microseconds since the epoch, and an id."""

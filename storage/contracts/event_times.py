"""The order of an event's start and end, in its time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo


def to_local(time: datetime, timezone: str) -> datetime:
    """Convert a time to the wall clock of a time zone, without a zone.

    Raises:
        OverflowError: the local year is not one of 1 to 9999.
    """
    return time.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


def is_end_after_start(start: datetime, end: datetime, timezone: str) -> bool:
    """Whether an event ends after it starts, in UTC and on the wall clock of its time zone.

    Where clocks are set back, an event may do so in UTC only; calendars show the wall clock. False if a
    local time has no year of 1 to 9999.
    """
    try:
        return end > start and to_local(end, timezone) > to_local(start, timezone)
    except OverflowError:
        return False

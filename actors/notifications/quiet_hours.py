"""Quiet hours: whether a time is in them, and when they end.

Local times are resolved as in RFC 5545: a time that a change of the clock skips has the offset from before
the change, and of a time that occurs twice the first is used.
"""

import logging
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from storage.contracts.notification_preferences import QuietHoursRecord

_log = logging.getLogger(__name__)
ONE_DAY = timedelta(days=1)


def is_quiet(quiet_hours: QuietHoursRecord | None, at: datetime) -> bool:
    return quiet_until(quiet_hours, at) is not None


def quiet_until(quiet_hours: QuietHoursRecord | None, at: datetime) -> datetime | None:
    """Return the end of the quiet hours that contain `at`; None if none do. Both are in UTC."""
    if quiet_hours is None:
        return None
    zone = _load_zone(quiet_hours.timezone)
    today = at.astimezone(zone).date()
    is_overnight = quiet_hours.end <= quiet_hours.start
    # Those that began yesterday may last until today.
    for day in (today - ONE_DAY, today):
        start = datetime.combine(day, quiet_hours.start, zone).astimezone(UTC)
        last_day = day + ONE_DAY if is_overnight else day
        end = datetime.combine(last_day, quiet_hours.end, zone).astimezone(UTC)
        if start <= at < end:
            return end
    return None


@lru_cache(maxsize=1024)
def _load_zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # Stored by an instance with other time zone data.
        _log.warning("unknown time zone: quiet hours are in UTC", extra={"timezone": name})
        return UTC

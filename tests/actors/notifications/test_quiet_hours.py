"""Quiet hours: over midnight, in their zone, and over changes of the clock."""

from datetime import UTC, datetime, time

import pytest

from actors.notifications.quiet_hours import is_quiet, quiet_until
from storage.contracts.notification_preferences import QuietHoursRecord

NIGHT = QuietHoursRecord(time(22), time(7), "Europe/Berlin")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-01-10T20:59:59", None),
        ("2026-01-10T21:00:00", "2026-01-11T06:00:00"),
        ("2026-01-11T05:59:59", "2026-01-11T06:00:00"),
        ("2026-01-11T06:00:00", None),
        ("2026-07-10T20:00:00", "2026-07-11T05:00:00"),
        # The clock goes forward at 02:00 on the 29th of March, and back at 03:00 on the 25th of October.
        ("2026-03-28T21:00:00", "2026-03-29T05:00:00"),
        ("2026-10-24T20:00:00", "2026-10-25T06:00:00"),
        ("2026-10-25T05:59:59", "2026-10-25T06:00:00"),
    ],
)
def test_night_follows_local_time(at: str, until: str | None) -> None:
    """The end is the local time in the user's zone, whatever its offset is then."""
    assert quiet_until(NIGHT, utc(at)) == (None if until is None else utc(until))


def test_hours_within_a_day() -> None:
    """They do not reach into the next day."""
    afternoon = QuietHoursRecord(time(13), time(14, 30), "America/New_York")
    assert quiet_until(afternoon, utc("2026-01-10T18:00:00")) == utc("2026-01-10T19:30:00")
    assert not is_quiet(afternoon, utc("2026-01-10T19:30:00"))
    assert not is_quiet(afternoon, utc("2026-01-10T06:00:00"))


def test_times_that_are_skipped_or_occur_twice() -> None:
    """A skipped start is an hour later; an end that occurs twice is the first."""
    skipped = QuietHoursRecord(time(2, 30), time(5), "Europe/Berlin")
    assert not is_quiet(skipped, utc("2026-03-29T01:29:59"))
    assert quiet_until(skipped, utc("2026-03-29T01:30:00")) == utc("2026-03-29T03:00:00")
    twice = QuietHoursRecord(time(1), time(2, 30), "Europe/Berlin")
    assert quiet_until(twice, utc("2026-10-25T00:29:59")) == utc("2026-10-25T00:30:00")
    assert not is_quiet(twice, utc("2026-10-25T01:15:00"))


def test_unknown_zone_is_utc() -> None:
    """It does not keep notifications from being pushed."""
    hours = QuietHoursRecord(time(1), time(2), "Mars/Olympus")
    assert is_quiet(hours, utc("2026-01-10T01:30:00"))
    assert not is_quiet(None, utc("2026-01-10T01:30:00"))

"""VTIMEZONE components (RFC 5545, section 3.6.5) for the years in which a calendar has events."""

from collections.abc import Iterable
from datetime import MAXYEAR, UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

UTC_NAMES = frozenset({"UTC", "Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "UCT", "Universal", "Zulu"})
PROBE_INTERVAL = timedelta(days=7)
"""No zone changes its clocks twice within this time and returns to the same offset."""


class Observance(msgspec.Struct, frozen=True):
    """From when on clocks show an offset: the onset is a local time in `offset_before`."""

    onset: datetime
    offset_before: timedelta
    offset: timedelta
    name: str
    is_daylight: bool


def to_vtimezone(timezone: str, years: Iterable[int]) -> Timezone:
    """Return the definition of a zone that holds for these years."""
    component = Timezone()
    component.add("tzid", timezone)
    for observance in [one for year in sorted(set(years)) for one in _list_observances(timezone, year)]:
        part = TimezoneDaylight() if observance.is_daylight else TimezoneStandard()
        part.add("dtstart", observance.onset)
        part.add("tzoffsetfrom", observance.offset_before)
        part.add("tzoffsetto", observance.offset)
        part.add("tzname", observance.name)
        component.add_component(part)
    return component


@lru_cache(maxsize=1024)
def _list_observances(timezone: str, year: int) -> tuple[Observance, ...]:
    """Return the observance with which a local year begins, and those that begin in it."""
    zone = ZoneInfo(timezone)
    begin = datetime(year, 1, 1, tzinfo=zone)
    first = _to_observance(begin.astimezone(zone), begin.utcoffset())
    observances = [first]
    # The local year, in UTC; the last year ends before its last day.
    probe = _to_utc(begin)
    end = _to_utc(datetime(year, 12, 31, tzinfo=zone))
    if year < MAXYEAR:
        end += timedelta(days=1)
    while probe < end:
        following = probe + min(PROBE_INTERVAL, end - probe)
        if _offset(following, zone) != _offset(probe, zone):
            change = _find_change(probe, following, zone)
            observances.append(_to_observance(change.astimezone(zone), _offset(probe, zone)))
            # Two changes may be less than the interval apart.
            following = change
        probe = following
    return tuple(observances)


def _to_observance(begin: datetime, offset_before: timedelta | None) -> Observance:
    offset = begin.utcoffset()
    assert offset is not None
    assert offset_before is not None
    onset = begin.replace(tzinfo=None) - offset + offset_before
    return Observance(onset, offset_before, offset, begin.tzname() or "", bool(begin.dst()))


def _find_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first second after `before` with another offset."""
    old = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _to_utc(local: datetime) -> datetime:
    return local.astimezone(UTC)

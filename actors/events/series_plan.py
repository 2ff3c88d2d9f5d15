"""Computes the times of a series and of its changes, on the wall clock of its time zone.

An event of a series keeps its local time when clocks change, and its exact length, as in RFC 5545.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from actors.events.recurrence import (
    RecurrenceRule,
    expand,
    format_rule,
    last_day,
    parse_rule,
    rule_error,
    shift_rule,
)
from actors.protocol.errors import ApiError, invalid_field
from config.limits import SERIES_EVENTS_MAX, SERIES_YEARS_MAX
from storage.contracts.event_series import (
    SeriesChange,
    SeriesEvent,
    SeriesEventChange,
    SeriesRecord,
    SeriesRule,
)
from storage.contracts.event_times import to_local
from storage.contracts.events import EventChange, NewEvent

EventTimes = tuple[datetime, datetime, datetime]
"""Occurrence (local), start and end."""


def to_instant(local: datetime, timezone: str) -> datetime:
    """Convert a local time to UTC.

    A time that does not exist is moved by the length of the gap; of two equal times the first is taken.
    """
    return local.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def plan_series(event: NewEvent, rrule: str, count: int | None) -> tuple[SeriesRule, list[EventTimes]]:
    """Return the rule of a new series, with COUNT, and the times of its events; the first is `event`.

    Raises:
        ApiError: request.invalid with a field error of `rrule`: `endless`, `too_many`, `too_far`,
            `start_mismatch`, or those of `parse_rule`.
    """
    rule = parse_rule(rrule)
    start = to_local(event.start, event.timezone)
    try:
        occurrences = _expand_new(rule, start, event.timezone, count)
        length = event.end - event.start
        later = [
            (occurrence, instant := to_instant(occurrence, event.timezone), instant + length)
            for occurrence in occurrences[1:]
        ]
    except OverflowError:
        raise rule_error("Has times after the year 9999.", "too_far") from None
    counted = msgspec.structs.replace(rule, count=len(occurrences), until=None, until_is_utc=False)
    times = [(start, event.start, event.end), *later]
    return SeriesRule(format_rule(counted), event.timezone, start), times


def plan_change(
    series: SeriesRecord,
    events: Sequence[SeriesEvent],
    event_id: str,
    change: EventChange,
    *,
    is_following: bool,
) -> SeriesChange:
    """Return the change of all events that are not closed, with `is_following` from the event on.

    New times of the event move the others by the same local difference. If they are moved, or `is_following`,
    the earlier events keep the old series. A closed event between changed ones follows them only in the rule:
    it keeps its times and fields.

    Raises:
        ApiError: event.past if all of them are closed; request.invalid, with the field code `series_dates` if
            the rule has no such dates.
    """
    event = next(one for one in events if one.id == event_id)
    ahead = [
        one.occurrence
        for one in events
        if not one.is_closed and (not is_following or one.occurrence >= event.occurrence)
    ]
    if not ahead:
        raise ApiError("event.past", "All these events of the series are over.")
    first = min(ahead)
    changed = [one for one in events if one.occurrence >= first]
    rule = parse_rule(series.rule.rrule)
    occurrences = expand(rule, series.rule.start_local)
    kept = sum(occurrence < first for occurrence in occurrences)
    timezone, start, end = _new_times(event, change)
    is_moved = (timezone, start, end) != (event.timezone, event.start, event.end)
    try:
        delta = to_local(start, timezone) - to_local(event.start, event.timezone)
        changes = [_plan_event(series, one, change, delta, (timezone, start, end), event) for one in changed]
        moved_rule = _move_rule(rule, occurrences[kept:], delta, timezone)
    except OverflowError:
        raise invalid_field(
            "start_datetime", "The change would move an event of the series to a time that does not exist."
        ) from None
    if kept == 0:
        return SeriesChange(changes, moved_rule)
    if is_following or is_moved:
        return SeriesChange(changes, shorten(series.rule, kept), moved_rule)
    return SeriesChange(changes, series.rule)


def plan_deletion(series: SeriesRecord, event: SeriesEvent) -> SeriesRule:
    """Return the rule of a series without an event and those after it."""
    occurrences = expand(parse_rule(series.rule.rrule), series.rule.start_local)
    return shorten(series.rule, sum(occurrence < event.occurrence for occurrence in occurrences))


def shorten(rule: SeriesRule, count: int) -> SeriesRule:
    """Return the rule with only its first occurrences; a rule has at least one."""
    shortened = msgspec.structs.replace(parse_rule(rule.rrule), count=max(count, 1))
    return msgspec.structs.replace(rule, rrule=format_rule(shortened))


def _expand_new(rule: RecurrenceRule, start: datetime, timezone: str, count: int | None) -> list[datetime]:
    limits = [one for one in (rule.count, count) if one is not None]
    if not limits and rule.until is None:
        raise rule_error("Must end: it needs COUNT, UNTIL or the field `count`.", "endless")
    limited = msgspec.structs.replace(rule, count=min(limits) if limits else None)
    occurrences = all_times = expand(limited, start)
    if rule.until is not None:
        until = rule.until
        occurrences = [one for one in all_times if _is_until(one, until, rule, timezone)]
    if not occurrences or occurrences[0] != start:
        raise rule_error("Must have its first time at `start_datetime`.", "start_mismatch")
    if len(occurrences) > SERIES_EVENTS_MAX:
        raise rule_error(f"Must have at most {SERIES_EVENTS_MAX} times.", "too_many")
    is_cut = len(occurrences) < len(all_times) or len(occurrences) == limited.count
    if not is_cut and (rule.until is None or rule.until.date() > last_day(start.date())):
        raise rule_error(f"Must end within {SERIES_YEARS_MAX} years.", "too_far")
    return occurrences


def _is_until(occurrence: datetime, until: datetime, rule: RecurrenceRule, timezone: str) -> bool:
    if rule.until_is_utc:
        return to_instant(occurrence, timezone) <= until.replace(tzinfo=UTC)
    return occurrence <= until


def _new_times(event: SeriesEvent, change: EventChange) -> tuple[str, datetime, datetime]:
    return (
        event.timezone if change.timezone is UNSET else change.timezone,
        event.start if change.start is UNSET else change.start,
        event.end if change.end is UNSET else change.end,
    )


def _plan_event(
    series: SeriesRecord,
    one: SeriesEvent,
    change: EventChange,
    delta: timedelta,
    times: tuple[str, datetime, datetime],
    event: SeriesEvent,
) -> SeriesEventChange:
    """Return the change of one event, if `event` gets `times` and is moved by `delta`."""
    timezone, start, end = times
    is_moved = times != (event.timezone, event.start, event.end)
    if one.is_closed:
        return SeriesEventChange(
            one.id, EventChange(), one.occurrence + delta if is_moved else one.occurrence
        )
    if not is_moved:
        change = msgspec.structs.replace(change, start=UNSET, end=UNSET, timezone=UNSET)
        return SeriesEventChange(one.id, change, one.occurrence)
    occurrence = one.occurrence + delta
    if one.id != event.id:
        is_regular = one.start == to_instant(one.occurrence, series.rule.timezone)
        local = occurrence if is_regular else to_local(one.start, one.timezone) + delta
        length = one.end - one.start if end - start == event.end - event.start else end - start
        start = to_instant(local, timezone)
        end = start + length
    return SeriesEventChange(
        one.id, msgspec.structs.replace(change, start=start, end=end, timezone=timezone), occurrence
    )


def _move_rule(
    rule: RecurrenceRule, occurrences: Sequence[datetime], delta: timedelta, timezone: str
) -> SeriesRule:
    """Return the rule of moved occurrences. Raises `ApiError` if there is none."""
    moved = [occurrence + delta for occurrence in occurrences]
    shifted = shift_rule(msgspec.structs.replace(rule, count=len(occurrences)), occurrences[0], moved[0])
    if expand(shifted, moved[0]) != moved:
        raise series_dates_error()
    return SeriesRule(format_rule(shifted), timezone, moved[0])


def series_dates_error() -> ApiError:
    return invalid_field(
        "start_datetime",
        "The rule of the series has no such dates. Move the event alone, or keep its date.",
        "series_dates",
    )

"""Recurrence rules of event series: a bounded part of RFC 5545, section 3.3.10.

    RRULE text -> parse_rule -> RecurrenceRule -> expand -> local times

Supports whole days: DAILY to YEARLY with INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS and WKST. An
expansion looks at each day of at most `SERIES_YEARS_MAX` years once, so its cost is bounded also for a rule
that never matches; the iterators of the usual libraries search for the next match until the year 9999.
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import islice

import msgspec

from actors.protocol.errors import ApiError, invalid_field
from config.limits import RRULE_CHARACTERS, SERIES_EVENTS_MAX, SERIES_YEARS_MAX

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
INTERVAL_MAX = 1000
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,4}", re.ASCII)
_UNTIL_FORMATS = {8: "%Y%m%d", 15: "%Y%m%dT%H%M%S", 16: "%Y%m%dT%H%M%SZ"}


class Frequency(StrEnum):
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class RecurrenceRule(msgspec.Struct, frozen=True):
    """A rule for days; the time of day is that of the first occurrence.

    `by_day` has (n, weekday) with 0 for every such weekday and -1 for the last one; Monday is 0. `until` is
    in local time, unless `until_is_utc`.
    """

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    until_is_utc: bool = False
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_set_position: tuple[int, ...] = ()
    week_start: int = 0


def parse_rule(text: str) -> RecurrenceRule:
    """Parse the value of an RRULE.

    Raises:
        ApiError: request.invalid, with the field code `invalid`, or `unsupported` for parts of RFC 5545 that
            a series cannot have.
    """
    if len(text) > RRULE_CHARACTERS:
        raise rule_error(f"Must have at most {RRULE_CHARACTERS} characters.", "too_long")
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = part.partition("=")
        if name in parts or not value:
            raise rule_error("Must be an RRULE of RFC 5545, for example `FREQ=WEEKLY;COUNT=10`.")
        if name not in _PARTS:
            raise rule_error(f"Supported are {', '.join(sorted(_PARTS))}.", "unsupported")
        parts[name] = value
    if parts.get("FREQ") not in set(Frequency):
        code = "unsupported" if parts.get("FREQ") in {"HOURLY", "MINUTELY", "SECONDLY"} else "invalid"
        raise rule_error("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY.", code)
    if "COUNT" in parts and "UNTIL" in parts:
        raise rule_error("COUNT and UNTIL exclude each other.")
    until = parts.get("UNTIL", "")
    rule = RecurrenceRule(
        frequency=Frequency(parts["FREQ"]),
        interval=_integers("INTERVAL", parts.get("INTERVAL", "1"), 1, INTERVAL_MAX)[0],
        count=_integers("COUNT", parts["COUNT"], 1, 9999)[0] if "COUNT" in parts else None,
        until=_parse_until(until) if until else None,
        until_is_utc=until.endswith("Z"),
        by_month=_integers("BYMONTH", parts.get("BYMONTH"), 1, 12),
        by_month_day=_integers("BYMONTHDAY", parts.get("BYMONTHDAY"), 1, 31, signed=True),
        by_day=_parse_days(parts.get("BYDAY")),
        by_set_position=_integers("BYSETPOS", parts.get("BYSETPOS"), 1, 366, signed=True),
        week_start=_parse_weekday(parts.get("WKST", "MO")),
    )
    _check_combination(rule)
    return rule


def format_rule(rule: RecurrenceRule) -> str:
    """Return the RRULE value; `parse_rule` returns an equal rule for it."""
    parts = [f"FREQ={rule.frequency}"]
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.by_month:
        parts.append("BYMONTH=" + ",".join(map(str, rule.by_month)))
    if rule.by_month_day:
        parts.append("BYMONTHDAY=" + ",".join(map(str, rule.by_month_day)))
    if rule.by_day:
        parts.append("BYDAY=" + ",".join(f"{n or ''}{WEEKDAYS[weekday]}" for n, weekday in rule.by_day))
    if rule.by_set_position:
        parts.append("BYSETPOS=" + ",".join(map(str, rule.by_set_position)))
    if rule.week_start:
        parts.append(f"WKST={WEEKDAYS[rule.week_start]}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if rule.until is not None:
        parts.append("UNTIL=" + rule.until.strftime(_UNTIL_FORMATS[16 if rule.until_is_utc else 15]))
    return ";".join(parts)


def expand(rule: RecurrenceRule, start: datetime) -> list[datetime]:
    """Return the local times of a rule from `start` on, without regard to `until`.

    At most `rule.count`, at most one more than `SERIES_EVENTS_MAX`, and none after `SERIES_YEARS_MAX` years.
    """
    last = last_day(start.date())
    times = (
        datetime.combine(day, start.time())
        for days in _periods(rule, start.date(), last)
        for day in _select(rule, days, start.date())
        if start.date() <= day <= last
    )
    limit = SERIES_EVENTS_MAX + 1
    return list(islice(times, limit if rule.count is None else min(rule.count, limit)))


def shift_rule(rule: RecurrenceRule, old_start: datetime, new_start: datetime) -> RecurrenceRule:
    """Return the rule with the days that it names moved as far as the start, where that has a meaning."""
    days = (new_start.date() - old_start.date()).days
    if days == 0:
        return rule
    by_day = tuple((n, (weekday + days) % 7) for n, weekday in rule.by_day)
    by_month_day = rule.by_month_day
    if by_month_day == (old_start.day,):
        by_month_day = (new_start.day,)
    return msgspec.structs.replace(rule, by_day=by_day, by_month_day=by_month_day)


def rule_error(detail: str, code: str = "invalid") -> ApiError:
    return invalid_field("rrule", detail, code)


def _check_combination(rule: RecurrenceRule) -> None:
    is_numbered = any(n for n, _ in rule.by_day)
    if is_numbered and rule.frequency not in {Frequency.MONTHLY, Frequency.YEARLY}:
        raise rule_error("BYDAY has numbers only with MONTHLY and YEARLY.")
    if rule.by_month_day and rule.frequency is Frequency.WEEKLY:
        raise rule_error("BYMONTHDAY is not possible with WEEKLY.")
    if rule.by_set_position and not (rule.by_day or rule.by_month_day or rule.by_month):
        raise rule_error("BYSETPOS needs another BY part.")


def _integers(
    name: str, value: str | None, minimum: int, maximum: int, *, signed: bool = False
) -> tuple[int, ...]:
    if value is None:
        return ()
    numbers = []
    for text in value.split(","):
        number = int(text) if _INTEGER.fullmatch(text) else 0
        if not minimum <= (abs(number) if signed else number) <= maximum:
            raise rule_error(f"{name} must be {minimum} to {maximum}{' or negative' if signed else ''}.")
        numbers.append(number)
    if name in {"INTERVAL", "COUNT"} and len(numbers) != 1:
        raise rule_error(f"{name} must be one number.")
    return tuple(dict.fromkeys(numbers))


def _parse_days(value: str | None) -> tuple[tuple[int, int], ...]:
    if value is None:
        return ()
    days = []
    for text in value.split(","):
        match = _DAY.fullmatch(text)
        number = 0 if match is None or match[1] is None else int(match[1])
        if match is None or abs(number) > 53 or (match[1] is not None and number == 0):
            raise rule_error("BYDAY must be weekdays such as `MO`, `2TU` or `-1FR`.")
        days.append((number, WEEKDAYS.index(match[2])))
    return tuple(dict.fromkeys(days))


def _parse_weekday(value: str) -> int:
    if value not in WEEKDAYS:
        raise rule_error("WKST must be a weekday.")
    return WEEKDAYS.index(value)


def _parse_until(value: str) -> datetime:
    """Parse a date, which includes that day, or a date with a time."""
    try:
        until = datetime.strptime(value, _UNTIL_FORMATS[len(value)])  # noqa: DTZ007 - local, or UTC
    except (KeyError, ValueError):
        raise rule_error("UNTIL must be `YYYYMMDD` or `YYYYMMDDTHHMMSSZ`.") from None
    return until.replace(hour=23, minute=59, second=59) if len(value) == len("YYYYMMDD") else until


def last_day(start: date) -> date:
    """Return the last day on which a series that starts on `start` may have an event."""
    try:
        return start.replace(year=start.year + SERIES_YEARS_MAX)
    except ValueError:
        # February 29, or after the year 9999.
        is_leap_day = start.year + SERIES_YEARS_MAX <= date.max.year
        return date(start.year + SERIES_YEARS_MAX, 2, 28) if is_leap_day else date.max


def _periods(rule: RecurrenceRule, start: date, last: date) -> Iterator[Sequence[date]]:
    """Yield the days of each period that the interval selects, until a period begins after `last`."""
    match rule.frequency:
        case Frequency.DAILY:
            for ordinal in range(start.toordinal(), last.toordinal() + 1, rule.interval):
                yield [date.fromordinal(ordinal)]
        case Frequency.WEEKLY:
            first = start.toordinal() - (start.weekday() - rule.week_start) % 7
            for ordinal in range(first, last.toordinal() + 1, 7 * rule.interval):
                yield _days(ordinal, ordinal + 7)
        case Frequency.MONTHLY:
            first, final = start.year * 12 + start.month - 1, last.year * 12 + last.month - 1
            for number in range(first, final + 1, rule.interval):
                begin = date(number // 12, number % 12 + 1, 1).toordinal()
                yield _days(begin, begin + calendar.monthrange(number // 12, number % 12 + 1)[1])
        case Frequency.YEARLY:
            for year in range(start.year, last.year + 1, rule.interval):
                begin = date(year, 1, 1).toordinal()
                yield _days(begin, begin + 365 + calendar.isleap(year))


def _days(first: int, end: int) -> list[date]:
    return [date.fromordinal(ordinal) for ordinal in range(max(first, 1), min(end, date.max.toordinal() + 1))]


def _select(rule: RecurrenceRule, days: Sequence[date], start: date) -> Sequence[date]:
    """Return the days of a period that match the rule. Without BYDAY and BYMONTHDAY `start` gives the day."""
    months, month_days, weekdays = rule.by_month, rule.by_month_day, rule.by_day
    if not month_days and not weekdays:
        match rule.frequency:
            case Frequency.WEEKLY:
                weekdays = ((0, start.weekday()),)
            case Frequency.MONTHLY | Frequency.YEARLY:
                month_days = (start.day,)
                if rule.frequency is Frequency.YEARLY and not months:
                    months = (start.month,)
            case Frequency.DAILY:
                pass
    in_year = rule.frequency is Frequency.YEARLY and not months
    matching = [
        day
        for day in days
        if (not months or day.month in months)
        and (not month_days or not _month_days(day).isdisjoint(month_days))
        and (not weekdays or any(_is_weekday(day, n, weekday, in_year=in_year) for n, weekday in weekdays))
    ]
    if not rule.by_set_position:
        return matching
    size = len(matching)
    positions = {position - 1 if position > 0 else size + position for position in rule.by_set_position}
    return [matching[position] for position in sorted(positions) if 0 <= position < size]


def _month_days(day: date) -> set[int]:
    """Return the day of the month, counted from its beginning and, negative, from its end."""
    return {day.day, day.day - calendar.monthrange(day.year, day.month)[1] - 1}


def _is_weekday(day: date, n: int, weekday: int, *, in_year: bool) -> bool:
    if day.weekday() != weekday:
        return False
    if n == 0:
        return True
    if in_year:
        position, size = day.timetuple().tm_yday, 365 + calendar.isleap(day.year)
    else:
        position, size = day.day, calendar.monthrange(day.year, day.month)[1]
    return n == (position - 1) // 7 + 1 if n > 0 else -n == (size - position) // 7 + 1

"""Recurrence rules: the same times as the reference implementation, errors, and bounded cost."""

# ruff: noqa: DTZ001 - local times

import random
import time
from datetime import datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

from actors.events.recurrence import expand, format_rule, parse_rule, shift_rule
from actors.protocol.errors import ApiError
from config.limits import SERIES_EVENTS_MAX

START = datetime(2027, 3, 2, 18, 30)  # a Tuesday
RULES = [
    "FREQ=DAILY;COUNT=10",
    "FREQ=DAILY;INTERVAL=3;BYMONTH=3,5;COUNT=20",
    "FREQ=DAILY;BYDAY=MO,FR;COUNT=20",
    "FREQ=DAILY;BYMONTHDAY=1,-1;COUNT=20",
    "FREQ=WEEKLY;COUNT=100",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU;COUNT=20",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO;COUNT=20",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=9",
    "FREQ=MONTHLY;COUNT=12",
    "FREQ=MONTHLY;BYDAY=1TU;COUNT=12",
    "FREQ=MONTHLY;BYDAY=-1FR,2TU;COUNT=12",
    "FREQ=MONTHLY;BYMONTHDAY=2,31,-1;COUNT=12",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,2;COUNT=20",
    "FREQ=YEARLY;COUNT=3",
    "FREQ=YEARLY;BYMONTH=3,9;COUNT=4",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=1TU;COUNT=2",
    "FREQ=YEARLY;BYDAY=9TU,-1MO;COUNT=4",
    "FREQ=YEARLY;BYMONTHDAY=2;COUNT=20",
    "FREQ=YEARLY;BYDAY=TU;BYSETPOS=9,-1;COUNT=3",
]
REFUSED = [
    ("", "invalid"),
    ("weekly", "invalid"),
    ("FREQ=", "invalid"),
    ("COUNT=3", "invalid"),
    ("FREQ=FORTNIGHTLY;COUNT=2", "invalid"),
    ("FREQ=SECONDLY;COUNT=2", "unsupported"),
    ("FREQ=DAILY;BYHOUR=1,2;COUNT=2", "unsupported"),
    ("FREQ=YEARLY;BYWEEKNO=20;COUNT=2", "unsupported"),
    ("FREQ=DAILY;FREQ=DAILY;COUNT=2", "invalid"),
    ("FREQ=DAILY;COUNT=0", "invalid"),
    ("FREQ=DAILY;COUNT=1,2", "invalid"),
    ("FREQ=DAILY;COUNT=x", "invalid"),
    ("FREQ=DAILY;COUNT=\u0663", "invalid"),
    ("FREQ=DAILY;INTERVAL=0;COUNT=2", "invalid"),
    ("FREQ=DAILY;COUNT=2;UNTIL=20280101", "invalid"),
    ("FREQ=DAILY;UNTIL=2028-01-01", "invalid"),
    ("FREQ=DAILY;UNTIL=20280230", "invalid"),
    ("FREQ=MONTHLY;BYDAY=54MO;COUNT=2", "invalid"),
    ("FREQ=MONTHLY;BYDAY=0MO;COUNT=2", "invalid"),
    ("FREQ=WEEKLY;BYDAY=1MO;COUNT=2", "invalid"),
    ("FREQ=WEEKLY;BYMONTHDAY=1;COUNT=2", "invalid"),
    ("FREQ=MONTHLY;BYMONTHDAY=32;COUNT=2", "invalid"),
    ("FREQ=YEARLY;BYMONTH=13;COUNT=2", "invalid"),
    ("FREQ=MONTHLY;BYSETPOS=1;COUNT=2", "invalid"),
    ("FREQ=WEEKLY;WKST=XX;COUNT=2", "invalid"),
    ("FREQ=DAILY;COUNT=2;X-NOTE=" + "x" * 200, "too_long"),
    ("FREQ=DAILY;COUNT=2\r\nATTENDEE:x", "invalid"),
]


def last_day(start: datetime) -> datetime:
    day = 28 if (start.month, start.day) == (2, 29) else start.day
    return datetime(start.year + 2, start.month, day, 23, 59, 59)


def reference(text: str, start: datetime) -> list[datetime]:
    times = rrulestr(text, dtstart=start)
    return [one for one in islice(times, SERIES_EVENTS_MAX + 1) if one <= last_day(start)]


@pytest.mark.parametrize("text", RULES)
def test_times_are_those_of_the_reference(text: str) -> None:
    """Also from a start that the rule does not match; and a rule is the same after formatting."""
    for start in (START, START + timedelta(days=40)):
        assert expand(parse_rule(text), start) == reference(text, start)
    assert parse_rule(format_rule(parse_rule(text))) == parse_rule(text)


def test_times_of_random_rules_are_those_of_the_reference() -> None:
    """Every combination of parts that is supported and ends."""
    rng = random.Random(5)
    compared = 0
    while compared < 400:
        text = f"FREQ={rng.choice(('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'))};INTERVAL={rng.randint(1, 3)}"
        if rng.random() < 0.4:
            text += f";BYMONTH={rng.randint(1, 6)},{rng.randint(7, 12)}"
        if rng.random() < 0.4:
            text += f";BYMONTHDAY={rng.randint(1, 28)},{rng.choice((1, -1))}"
        if rng.random() < 0.5:
            # The reference takes weekdays with and without numbers as two conditions.
            text += rng.choice((";BYDAY=MO,SA", ";BYDAY=1MO,-1SA", ";BYDAY=-2MO,5TH,2SA"))
        if rng.random() < 0.2:
            # The reference leaves days before the start out of the first week.
            text += f";BYSETPOS={-1 if 'WEEKLY' in text else rng.choice((1, 2, -1))}"
        text += f";COUNT={rng.randint(1, 5)}"
        start = datetime(2027, 1, 1, 9) + timedelta(days=rng.randint(0, 700))
        try:
            rule = parse_rule(text)
        except ApiError:
            continue
        times = expand(rule, start)
        if len(times) == rule.count:
            # Otherwise the reference may search until the year 9999.
            assert times == reference(text, start), (text, start)
            compared += 1


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_rule_is_refused_with_a_code(text: str, code: str) -> None:
    """The error names the field; line breaks never reach a calendar file."""
    with pytest.raises(ApiError) as refused:
        parse_rule(text)
    (error,) = refused.value.errors
    assert (refused.value.code, error.field, error.code) == ("request.invalid", "rrule", code)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYSETPOS=366",
        "FREQ=YEARLY;BYMONTHDAY=1,2,3,4,5,6,7,8,9;BYDAY=53MO,-53SU,52TU;BYSETPOS=300",
        "FREQ=MONTHLY;INTERVAL=1000;BYMONTHDAY=31",
        "FREQ=DAILY",
    ],
)
def test_rule_that_never_matches_or_never_ends_costs_little(text: str) -> None:
    """Only the days of two years are compared with it."""
    rule = parse_rule(text)
    started = time.process_time()
    assert len(expand(rule, START)) <= SERIES_EVENTS_MAX + 1
    assert time.process_time() - started < 0.5


def test_first_and_last_times_of_the_calendar_are_no_error() -> None:
    """Days that do not exist are not looked at."""
    weekly = parse_rule("FREQ=WEEKLY;BYDAY=MO,SU;COUNT=100")
    assert expand(weekly, datetime(9999, 12, 20))[-1] <= datetime(9999, 12, 31)
    assert expand(weekly, datetime(1, 1, 1))[0] == datetime(1, 1, 1)
    leap = expand(parse_rule("FREQ=DAILY;INTERVAL=365;COUNT=9"), datetime(2028, 2, 29))
    assert leap[-1] <= datetime(2030, 2, 28)


def test_rule_moves_with_its_start() -> None:
    """Weekdays and a single day of the month move; the time of day is not part of a rule."""
    weekly = parse_rule("FREQ=WEEKLY;BYDAY=MO,SU;COUNT=5")
    assert shift_rule(weekly, START, START + timedelta(hours=2)) == weekly
    assert format_rule(shift_rule(weekly, START, START + timedelta(days=1))) == (
        "FREQ=WEEKLY;BYDAY=TU,MO;COUNT=5"
    )
    monthly = parse_rule("FREQ=MONTHLY;BYMONTHDAY=2;COUNT=5")
    assert shift_rule(monthly, START, START + timedelta(days=3)).by_month_day == (5,)

"""iCalendar files: exact texts and times when parsed again, and the same file until the event changes."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import icalendar
import msgspec
import pytest
from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from dateutil.tz import tzical  # type: ignore[import-untyped]
from icalendar.prop import vCategory

from actors.events.calendar_timezones import to_vtimezone
from actors.protocol.event_objects import EventVisibility, Place
from actors.protocol.objects import UserCard
from actors.protocol.timestamps import rfc3339_from_datetime
from storage.contracts.event_series import SeriesEvent
from storage.contracts.events import EventRevision
from tests.actors.events.calendar_files import ANA, CHANGED, PARIS, REVISION, WRITER, event, weekly

TEXTS = [
    "C:\\New",
    "C:\\new",
    "\\N",
    "\\n",
    "\\\\N \\\\n",
    "a\\",
    "one\ntwo",
    "one\\\ntwo",
    "Cake, tea; \\, \\; and more",
    "\N{SNOWMAN}" * 60 + "\\N" * 60,
    "\N{GRINNING FACE}" * 60,
]


def parse(text: str) -> list[icalendar.Event]:
    """Return the entries of a file, after checking the form of its lines."""
    encoded = text.encode()
    assert encoded.endswith(b"END:VCALENDAR\r\n")
    assert encoded.count(b"\n") == encoded.count(b"\r\n") == encoded.count(b"\r")
    assert max(map(len, encoded.split(b"\r\n"))) <= 75
    return icalendar.Calendar.from_ical(text).events


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_parsed_as_they_were(text: str) -> None:
    """Backslashes before n and N are no line breaks; lines have at most 75 octets, of whole characters."""
    line = text.replace("\n", " ")
    written = WRITER.write_event(event(text, place=Place(line, "a, b")), REVISION)
    for part in written.encode().split(b"\r\n"):
        part.decode()
    (entry,) = parse(written)
    assert (str(entry["SUMMARY"]), str(entry["DESCRIPTION"])) == (line, text)
    assert str(entry["LOCATION"]) == f"{line}, a, b"
    categories = entry["CATEGORIES"]
    assert isinstance(categories, vCategory)
    assert [str(category) for category in categories.cats] == [line]


def test_file_is_the_same_until_the_event_changes() -> None:
    """DTSTAMP and LAST-MODIFIED are the time of the last change, SEQUENCE is the number of changes."""
    encoded = WRITER.write_event(event(), REVISION)
    assert WRITER.write_event(event(), REVISION) == encoded
    (entry,) = parse(encoded)
    assert entry["SEQUENCE"] == 3
    assert entry["UID"] == "e@convene"
    assert entry.decoded("DTSTAMP") == entry.decoded("LAST-MODIFIED") == CHANGED.replace(microsecond=0)


def test_place_link_and_organizer() -> None:
    """Coordinates have no exponents; without a link the event's page is named; names add no properties."""
    name = 'Ana "A"; X-EVIL:1, \u82b1'
    creator = UserCard(ANA.id, "ana", name, None, verified=False)
    place = Place("Jardin", "57 Rue Cuvier", 0.0000001, -0.0)
    written = WRITER.write_event(
        event(creator=creator, place=place, url="https://a.example/?a=1,2;3"), REVISION
    )
    (entry,) = parse(written)
    assert "GEO:0.000000;0.000000\r\n" in written
    assert str(entry["URL"]) == "https://a.example/?a=1,2;3"
    assert str(entry["ORGANIZER"]) == f"urn:uuid:{ANA.id}"
    assert entry["ORGANIZER"].params["CN"] == name
    assert "CLASS" not in entry
    (plain,) = parse(WRITER.write_event(event(visibility=EventVisibility.INVITED), REVISION))
    assert str(plain["URL"]) == "https://convene.example/#/event/e"
    assert str(plain["CLASS"]) == "PRIVATE"
    assert "LOCATION" not in plain
    assert "GEO" not in plain


def test_cancelled_event_has_the_status() -> None:
    """One of a series is an exception of it."""
    (entry,) = parse(WRITER.write_event(event(cancelled_at="2090-04-01T12:00:00.000Z"), REVISION))
    assert str(entry["STATUS"]) == "CANCELLED"
    series, events = weekly()
    last, one = events[-1]
    cancelled = msgspec.structs.replace(last, cancelled_at="2045-10-01T12:00:00.000Z")
    main, exception = parse(WRITER.write_series(series, [*events[:-1], (cancelled, one)]))
    assert (str(main["STATUS"]), str(exception["STATUS"])) == ("CONFIRMED", "CANCELLED")
    assert exception.decoded("RECURRENCE-ID") == one.start


def test_times_are_in_the_zone_of_the_event() -> None:
    """With its definition. An hour that the clock shows twice is in UTC the second time."""
    written = WRITER.write_event(event(timezone="Europe/Paris"), REVISION)
    (entry,) = parse(written)
    assert "DTSTART;TZID=Europe/Paris:20900501T200000\r\n" in written
    assert written.count("BEGIN:VTIMEZONE") == 1
    assert entry.decoded("DTSTART") == datetime(2090, 5, 1, 18, tzinfo=UTC)
    assert "VTIMEZONE" not in WRITER.write_event(event(), REVISION)
    twice = event(
        timezone="Europe/Paris",
        start_datetime="2045-10-29T00:30:00.000Z",
        end_datetime="2045-10-29T01:30:00.000Z",
    )
    written = WRITER.write_event(twice, REVISION)
    assert "DTSTART;TZID=Europe/Paris:20451029T023000\r\n" in written
    assert "DTEND:20451029T013000Z\r\n" in written


@pytest.mark.parametrize(
    "timezone",
    [
        "Europe/Paris",
        "Europe/Dublin",
        "America/New_York",
        "Africa/Casablanca",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Pacific/Apia",
        "Africa/Monrovia",
    ],
)
def test_definition_of_a_zone_gives_its_offsets(timezone: str) -> None:
    """Another implementation reads the same offsets, in years with and without changes of the clock."""
    zone = ZoneInfo(timezone)
    for years in ((1972,), (2011, 2012), (2027, 2028), (2090,)):
        text = to_vtimezone(timezone, years).to_ical().decode()
        parsed = tzical(StringIO(text)).get(timezone)
        instant = datetime(years[0], 1, 2, tzinfo=UTC)
        while instant.year <= years[-1]:
            local = instant.astimezone(zone)
            if not local.fold and (local + timedelta(hours=2)).utcoffset() == local.utcoffset():
                assert local.replace(tzinfo=parsed).utcoffset() == local.utcoffset(), (timezone, local)
            instant += timedelta(hours=7)


@pytest.mark.parametrize("year", [1970, 9999])
@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Pacific/Niue", "Europe/Paris"])
def test_first_and_last_years_are_no_error(year: int, timezone: str) -> None:
    """Times outside the calendar are not looked at."""
    assert to_vtimezone(timezone, [year]).to_ical()


def test_series_is_one_entry_with_its_rule() -> None:
    """Its times are local, so they are right after a change of the clock."""
    series, events = weekly()
    written = WRITER.write_series(series, events)
    (entry,) = parse(written)
    assert entry["UID"] == "s@convene"
    assert entry["SEQUENCE"] == 7
    assert "RRULE:FREQ=WEEKLY;COUNT=4\r\n" in written
    start = entry.decoded("DTSTART").replace(tzinfo=None)
    times = [one.replace(tzinfo=PARIS) for one in rrulestr("FREQ=WEEKLY;COUNT=4", dtstart=start)]
    assert times == [one.start for _, one in events]
    assert entry.decoded("DTEND") - entry.decoded("DTSTART") == timedelta(hours=1)


def test_exceptions_of_a_series() -> None:
    """A moved and a renamed event have entries of their own, a deleted or hidden one is excluded."""
    series, events = weekly()
    one = events[1][1]
    later = one.start + timedelta(hours=3)
    moved_event = event(
        "Choir",
        id="e1",
        timezone="America/New_York",
        start_datetime=rfc3339_from_datetime(later),
        end_datetime=rfc3339_from_datetime(later + timedelta(hours=1)),
    )
    moved_one = SeriesEvent(
        "e1", one.occurrence, later, later, "America/New_York", 1, CHANGED, is_closed=False
    )
    renamed = event(
        "Concert",
        id="e3",
        timezone="Europe/Paris",
        start_datetime=events[3][0].start_datetime,
        end_datetime=events[3][0].end_datetime,
    )
    written = WRITER.write_series(series, [events[0], (moved_event, moved_one), (renamed, events[3][1])])
    main, first, second = parse(written)
    assert {str(entry["UID"]) for entry in (main, first, second)} == {"s@convene"}
    assert "EXDATE;TZID=Europe/Paris:20451031T183000\r\n" in written
    assert "RECURRENCE-ID" not in main
    assert first.decoded("RECURRENCE-ID") == one.start
    assert first.decoded("DTSTART") == later
    assert (str(main["SUMMARY"]), str(second["SUMMARY"])) == ("Choir", "Concert")
    assert second.decoded("RECURRENCE-ID") == second.decoded("DTSTART") == events[3][1].start
    assert re.findall(r"TZID:(\S+)", written) == ["America/New_York", "Europe/Paris"]


def test_calendar_of_many_events() -> None:
    """Each is an entry; the calendar has a name and says how often to fetch it again."""
    events = [(event(id=f"e{n}", timezone="Europe/Paris"), EventRevision(n, CHANGED)) for n in range(3)]
    written = WRITER.write_events(events, "Convene")
    assert [str(entry["UID"]) for entry in parse(written)] == ["e0@convene", "e1@convene", "e2@convene"]
    assert [entry["SEQUENCE"] for entry in parse(written)] == [0, 1, 2]
    assert "X-WR-CALNAME:Convene\r\n" in written
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in written
    assert written.count("BEGIN:VTIMEZONE") == 1
    assert parse(WRITER.write_events([], "Convene")) == []

"""Events and series for tests of calendar files. As a module it prints files for another parser, in JSON."""

# ruff: noqa: DTZ001 - local times

import json
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from actors.events.calendar import CalendarWriter
from actors.events.series_plan import to_instant
from actors.protocol.event_objects import Event, Place
from actors.protocol.objects import UserCard
from actors.protocol.timestamps import rfc3339_from_datetime
from storage.contracts.event_series import SeriesEvent, SeriesRecord, SeriesRule
from storage.contracts.events import EventRevision

CHANGED = datetime(2090, 4, 1, 12, 30, 15, 987_654, tzinfo=UTC)
REVISION = EventRevision(3, CHANGED)
WRITER = CalendarWriter("https://convene.example")
PARIS = ZoneInfo("Europe/Paris")
ANA = UserCard("019a63d6-2c3d-7e4f-9051-6b7c8d9eaf44", "ana", None, None, verified=False)


def event(text: str = "x", **fields: object) -> Event:
    values: dict[str, object] = {
        "id": "e",
        "creator": ANA,
        "title": text.replace("\n", " "),
        "description": text,
        "category": text.replace("\n", " "),
        "start_datetime": "2090-05-01T18:00:00.500Z",
        "end_datetime": "2090-05-01T20:00:00.000Z",
        "capacity": 5,
        "going_count": 0,
        "interested_count": 0,
        "my_rsvp": None,
        "my_waitlist_position": None,
        "conversation_id": "c",
        **fields,
    }
    return Event(**values)  # type: ignore[arg-type]


def series_of(
    rrule: str, start: datetime, occurrences: list[datetime]
) -> tuple[SeriesRecord, list[tuple[Event, SeriesEvent]]]:
    """A series of one-hour events in Paris."""
    series = SeriesRecord("s", ANA.id, SeriesRule(rrule, "Europe/Paris", start), 7, CHANGED)
    events = []
    for number, occurrence in enumerate(occurrences):
        begin = to_instant(occurrence, "Europe/Paris")
        end = begin + timedelta(hours=1)
        shown = event(
            "Choir",
            id=f"e{number}",
            timezone="Europe/Paris",
            start_datetime=rfc3339_from_datetime(begin),
            end_datetime=rfc3339_from_datetime(end),
        )
        events.append(
            (
                shown,
                SeriesEvent(shown.id, occurrence, begin, end, "Europe/Paris", 0, CHANGED, is_closed=False),
            )
        )
    return series, events


def weekly() -> tuple[SeriesRecord, list[tuple[Event, SeriesEvent]]]:
    start = datetime(2045, 10, 17, 18, 30)
    return series_of("FREQ=WEEKLY;COUNT=4", start, [start + n * timedelta(days=7) for n in range(4)])


def one_exception() -> str:
    """A series whose second event is moved by a day, and whose third is deleted."""
    series, events = weekly()
    _, one = events[1]
    start, end = one.start + timedelta(days=1), one.end + timedelta(days=1)
    moved = event(
        "Choir",
        id=one.id,
        timezone="Europe/Paris",
        start_datetime=rfc3339_from_datetime(start),
        end_datetime=rfc3339_from_datetime(end),
    )
    return WRITER.write_series(series, [events[0], (moved, one_moved(one, start, end)), events[3]])


def one_moved(one: SeriesEvent, start: datetime, end: datetime) -> SeriesEvent:
    return SeriesEvent(one.id, one.occurrence, start, end, one.timezone, 1, CHANGED, is_closed=False)


def files() -> dict[str, str]:
    """Return files by name, as tests/web/browser/calendar_files.test.js expects them."""
    folded = event(
        "\U0001f600\u2603, caf\u00e9; C:\\New " * 8,
        timezone="America/New_York",
        place=Place("Jardin, \u82b1", "57 Rue Cuvier", 48.844, 2.3595),
        url="https://example.org/?a=1,2;3",
    )
    moved = event(timezone="Europe/Paris", start_datetime="2090-05-02T18:00:00.000Z")
    return {
        "folded": WRITER.write_event(folded, REVISION),
        "before": WRITER.write_event(event(timezone="Europe/Paris"), EventRevision(3, CHANGED)),
        "moved": WRITER.write_event(moved, EventRevision(4, CHANGED)),
        "cancelled": WRITER.write_event(
            event(timezone="Europe/Paris", cancelled_at="2090-04-01T12:00:00.000Z"), EventRevision(5, CHANGED)
        ),
        "series": WRITER.write_series(*weekly()),
        "exception": one_exception(),
        "calendar": WRITER.write_events([(folded, REVISION), (moved, REVISION)], "Convene"),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(files()))

"""iCalendar files of events and series (RFC 5545), without attendees.

The text of a file is the same until an event changes. A UID is stable and its SEQUENCE rises, so importing a
file again updates its entries. A series is one entry with its rule; events that were moved or changed are
exceptions of it (RECURRENCE-ID), and those that were deleted are excluded (EXDATE).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import MAXYEAR, UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import msgspec
from icalendar import vCalAddress, vDuration, vRecur, vText
from icalendar.prop import vInline

from actors.events.calendar_timezones import UTC_NAMES, to_vtimezone
from actors.events.recurrence import expand, parse_rule
from actors.events.series_plan import to_instant
from actors.protocol.event_objects import Event, EventVisibility
from config.limits import SERIES_YEARS_MAX
from storage.contracts.event_series import SeriesEvent, SeriesRecord
from storage.contracts.events import EventRevision

PRODUCT_ID = "-//Convene//Convene//EN"
REFRESH_INTERVAL = timedelta(hours=1)


class EscapedText(vText):
    """A TEXT value with exactly the escapes of RFC 5545, section 3.3.11.

    The library's own encoding turns a backslash before a capital N into a line break.
    """

    def to_ical(self) -> bytes:
        escaped = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        lines = escaped.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return "\\n".join(lines).encode()


class _Details(msgspec.Struct, frozen=True):
    """What events of a series share unless they were changed."""

    title: str
    description: str | None
    category: str
    place: object
    url: str | None
    length: timedelta
    is_cancelled: bool


class CalendarWriter:
    """`base_url` is the address of the web client, for links to events that have no `url`."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def write_event(self, event: Event, revision: EventRevision) -> str:
        return _encode([self._to_component(event, revision, _event_uid(event.id))])

    def write_events(self, events: Sequence[tuple[Event, EventRevision]], name: str) -> str:
        """Return a named calendar of events, one entry for each event, for subscribers."""
        components = [self._to_component(event, revision, _event_uid(event.id)) for event, revision in events]
        return _encode(components, name)

    def write_series(self, series: SeriesRecord, events: Sequence[tuple[Event, SeriesEvent]]) -> str:
        """Return a calendar with a series, of which `events` are shown."""
        rule, timezone = parse_rule(series.rule.rrule), series.rule.timezone
        regular = [event for event, one in events if one.start == to_instant(one.occurrence, timezone)] or [
            event for event, _ in events
        ]
        counts = Counter(_to_details(event) for event in regular)
        # The most frequent details; of equal ones the earliest.
        details = max(counts, key=counts.__getitem__)
        usual = next(event for event in regular if _to_details(event) == details)
        uid = f"{series.id}@convene"
        main = self._to_component(usual, EventRevision(series.revision, series.updated_at), uid)
        for name in ("dtstart", "dtend"):
            del main[name]
        start = to_instant(series.rule.start_local, timezone)
        _add_time(main, "dtstart", start, timezone)
        _add_time(main, "dtend", start + details.length, timezone)
        main.add("rrule", vRecur.from_ical(series.rule.rrule))
        shown = {one.occurrence for _, one in events}
        for occurrence in expand(rule, series.rule.start_local):
            if occurrence not in shown:
                _add_time(main, "exdate", to_instant(occurrence, timezone), timezone)
        exceptions = []
        for event, one in events:
            expected = to_instant(one.occurrence, timezone)
            if _to_details(event) != details or one.start != expected or event.timezone != timezone:
                revision = EventRevision(series.revision, one.updated_at)
                exception = self._to_component(event, revision, uid)
                _add_time(exception, "recurrence-id", expected, timezone)
                exceptions.append(exception)
        return _encode([main, *exceptions])

    def _to_component(self, event: Event, revision: EventRevision, uid: str) -> icalendar.Event:
        component = icalendar.Event()
        component.add("uid", uid)
        changed_at = revision.updated_at.replace(microsecond=0)
        component.add("dtstamp", changed_at)
        component.add("last-modified", changed_at)
        component.add("sequence", revision.number)
        _add_time(component, "dtstart", datetime.fromisoformat(event.start_datetime), event.timezone)
        _add_time(component, "dtend", datetime.fromisoformat(event.end_datetime), event.timezone)
        component.add("summary", EscapedText(event.title))
        component.add("categories", EscapedText(event.category))
        component.add("status", "CONFIRMED" if event.cancelled_at is None else "CANCELLED")
        if event.description:
            component.add("description", EscapedText(event.description))
        if event.place is not None:
            place = event.place
            component.add("location", EscapedText(", ".join(filter(None, (place.name, place.address)))))
            if place.latitude is not None and place.longitude is not None:
                component.add("geo", _to_geo(place.latitude, place.longitude))
        if event.visibility is not EventVisibility.PUBLIC:
            component.add("class", "PRIVATE")
        component.add("url", event.url or f"{self._base_url}/#/event/{event.id}")
        # An identifier, because e-mail addresses are not public.
        organizer = vCalAddress(f"urn:uuid:{event.creator.id}")
        organizer.params["cn"] = event.creator.display_name or event.creator.username
        component.add("organizer", organizer)
        return component


def _event_uid(event_id: str) -> str:
    return f"{event_id}@convene"


def _to_details(event: Event) -> _Details:
    start, end = (datetime.fromisoformat(time) for time in (event.start_datetime, event.end_datetime))
    return _Details(
        event.title,
        event.description,
        event.category,
        event.place,
        event.url,
        end - start,
        event.cancelled_at is not None,
    )


def _add_time(component: icalendar.Event, name: str, time: datetime, timezone: str) -> None:
    """Add a time on the wall clock of a zone; in UTC if the wall clock shows it for the second time."""
    local = time.replace(microsecond=0).astimezone(ZoneInfo(timezone))
    is_utc = timezone in UTC_NAMES or local.fold
    component.add(name, local.astimezone(UTC) if is_utc else local)


def _to_geo(latitude: float, longitude: float) -> vInline:
    """Return degrees without exponents, to about 0.1 m. Adding zero removes the sign of a negative zero."""
    return vInline(f"{round(latitude, 6) + 0:.6f};{round(longitude, 6) + 0:.6f}")


def _list_times(component: icalendar.Event) -> Iterable[datetime]:
    """Yield the start, end and original start; excluded times are within the years of a rule."""
    for name in ("dtstart", "dtend", "recurrence-id"):
        if name in component:
            yield component.decoded(name)


def _encode(components: Sequence[icalendar.Event], name: str | None = None) -> str:
    calendar = icalendar.Calendar()
    calendar.add("prodid", PRODUCT_ID)
    calendar.add("version", "2.0")
    if name is not None:
        calendar.add("x-wr-calname", EscapedText(name))
        calendar.add("refresh-interval", REFRESH_INTERVAL, parameters={"value": "DURATION"})
        calendar.add("x-published-ttl", vDuration(REFRESH_INTERVAL))
    years: dict[str, set[int]] = {}
    for component in components:
        for time in _list_times(component):
            if isinstance(time.tzinfo, ZoneInfo):
                last = time.year + (SERIES_YEARS_MAX if "rrule" in component else 0)
                years.setdefault(time.tzinfo.key, set()).update(range(time.year, min(last, MAXYEAR) + 1))
    for timezone in sorted(years):
        calendar.add_component(to_vtimezone(timezone, years[timezone]))
    for component in components:
        calendar.add_component(component)
    encoded: bytes = calendar.to_ical()
    return encoded.decode()

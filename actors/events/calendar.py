"""An event as iCalendar (RFC 5545), for the calendars of phones and computers. Never names who goes."""

from datetime import UTC, datetime

from icalendar import Calendar
from icalendar import Event as CalendarEvent

from actors.protocol.social_objects import Event

PRODUCT_ID = "-//Convene//Convene//EN"


def to_icalendar(event: Event) -> str:
    """A calendar with that one event; its UID stays the same whatever changes."""
    entry = CalendarEvent()
    entry.add("uid", f"{event.id}@convene")
    entry.add("dtstamp", datetime.now(UTC))
    entry.add("dtstart", datetime.fromisoformat(event.start_datetime))
    entry.add("dtend", datetime.fromisoformat(event.end_datetime))
    entry.add("summary", event.title)
    entry.add("categories", [event.category])
    if event.description:
        entry.add("description", event.description)
    whole = Calendar()
    whole.add("prodid", PRODUCT_ID)
    whole.add("version", "2.0")
    whole.add_component(entry)
    encoded: bytes = whole.to_ical()
    return encoded.decode()

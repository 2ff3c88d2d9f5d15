"""iCalendar export of events (RFC 5545), without attendees."""

from datetime import UTC, datetime

from icalendar import Calendar
from icalendar import Event as CalendarEvent

from actors.protocol.social_objects import Event

PRODUCT_ID = "-//Convene//Convene//EN"


def to_icalendar(event: Event) -> str:
    """Return a calendar with one event. Its UID is stable, so importing again updates the entry."""
    component = CalendarEvent()
    component.add("uid", f"{event.id}@convene")
    component.add("dtstamp", datetime.now(UTC))
    component.add("dtstart", datetime.fromisoformat(event.start_datetime))
    component.add("dtend", datetime.fromisoformat(event.end_datetime))
    component.add("summary", event.title)
    component.add("categories", [event.category])
    if event.description:
        component.add("description", event.description)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT_ID)
    calendar.add("version", "2.0")
    calendar.add_component(component)
    encoded: bytes = calendar.to_ical()
    return encoded.decode()

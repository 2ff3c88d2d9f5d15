"""iCalendar export of events (RFC 5545), without attendees."""

from datetime import datetime

from icalendar import Calendar, vText
from icalendar import Event as CalendarEvent

from actors.protocol.social_objects import Event
from storage.contracts.events import EventRevision

PRODUCT_ID = "-//Convene//Convene//EN"


class EscapedText(vText):
    """A TEXT value with exactly the escapes of RFC 5545, section 3.3.11.

    The library's own encoding turns a backslash before a capital N into a line break.
    """

    def to_ical(self) -> bytes:
        escaped = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        lines = escaped.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return "\\n".join(lines).encode()


def to_icalendar(event: Event, revision: EventRevision) -> str:
    """Return a calendar with one event, which is the same text until the event changes.

    Its UID is stable and its SEQUENCE rises, so importing again updates the entry.
    """
    component = CalendarEvent()
    component.add("uid", f"{event.id}@convene")
    changed_at = revision.updated_at.replace(microsecond=0)
    component.add("dtstamp", changed_at)
    component.add("last-modified", changed_at)
    component.add("sequence", revision.number)
    component.add("dtstart", datetime.fromisoformat(event.start_datetime))
    component.add("dtend", datetime.fromisoformat(event.end_datetime))
    component.add("summary", EscapedText(event.title))
    component.add("categories", EscapedText(event.category))
    if event.description:
        component.add("description", EscapedText(event.description))
    calendar = Calendar()
    calendar.add("prodid", PRODUCT_ID)
    calendar.add("version", "2.0")
    calendar.add_component(component)
    encoded: bytes = calendar.to_ical()
    return encoded.decode()

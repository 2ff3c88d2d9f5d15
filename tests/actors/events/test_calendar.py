"""iCalendar files: exact texts when parsed again, and the same file until the event changes."""

from datetime import UTC, datetime

import icalendar
import pytest
from icalendar.prop import vCategory

from actors.events.calendar import to_icalendar
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Event
from storage.contracts.events import EventRevision

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
]
CHANGED = datetime(2090, 4, 1, 12, 30, 15, 987_654, tzinfo=UTC)


def event(text: str) -> Event:
    return Event(
        id="e",
        creator=UserCard("u", "ana", None, None, verified=False),
        title=text.replace("\n", " "),
        description=text,
        category=text.replace("\n", " "),
        start_datetime="2090-05-01T18:00:00.500Z",
        end_datetime="2090-05-01T20:00:00.000Z",
        capacity=5,
        going_count=0,
        interested_count=0,
        my_rsvp=None,
        my_waitlist_position=None,
        conversation_id="c",
    )


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_parsed_as_they_were(text: str) -> None:
    """Backslashes before n and N are no line breaks; lines have at most 75 octets."""
    encoded = to_icalendar(event(text), EventRevision(3, CHANGED)).encode()
    (entry,) = icalendar.Calendar.from_ical(encoded).walk("VEVENT")
    line = text.replace("\n", " ")
    assert (str(entry["SUMMARY"]), str(entry["DESCRIPTION"])) == (line, text)
    categories = entry["CATEGORIES"]
    assert isinstance(categories, vCategory)
    assert [str(category) for category in categories.cats] == [line]
    assert max(map(len, encoded.split(b"\r\n"))) <= 75


def test_file_is_the_same_until_the_event_changes() -> None:
    """DTSTAMP and LAST-MODIFIED are the time of the last change, SEQUENCE is the number of changes."""
    encoded = to_icalendar(event("x"), EventRevision(3, CHANGED))
    assert to_icalendar(event("x"), EventRevision(3, CHANGED)) == encoded
    (entry,) = icalendar.Calendar.from_ical(encoded).walk("VEVENT")
    assert entry["SEQUENCE"] == 3
    assert entry.decoded("DTSTAMP") == entry.decoded("LAST-MODIFIED") == CHANGED.replace(microsecond=0)

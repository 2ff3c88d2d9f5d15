"""Converts event records to API objects."""

from collections.abc import Mapping

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Event, EventSeries, EventVisibility, Place, RsvpStatus
from actors.protocol.timestamps import rfc3339_from_datetime
from storage.contracts import identifiers
from storage.contracts.events import EventRecord


def event_conversation_id(event_id: str) -> str:
    """Derive a conversation's id from its event's id, so that creating it is idempotent."""
    return identifiers.event_conversation_id(event_id)


def to_event(record: EventRecord, cards: Mapping[str, UserCard]) -> Event:
    place = record.place
    return Event(
        id=record.id,
        creator=cards[record.creator.id],
        title=record.title,
        description=record.description,
        category=record.category,
        start_datetime=rfc3339_from_datetime(record.start),
        end_datetime=rfc3339_from_datetime(record.end),
        capacity=record.capacity,
        going_count=record.going_count,
        interested_count=record.interested_count,
        my_rsvp=None if record.my_rsvp is None else RsvpStatus(record.my_rsvp),
        my_waitlist_position=record.my_waitlist_position,
        conversation_id=event_conversation_id(record.id),
        timezone=record.timezone,
        place=None if place is None else Place(place.name, place.address, place.latitude, place.longitude),
        url=record.url,
        visibility=EventVisibility(record.visibility),
        series=_to_series(record),
    )


def _to_series(record: EventRecord) -> EventSeries | None:
    if record.series_id is None or record.rrule is None:
        return None
    return EventSeries(record.series_id, record.rrule)

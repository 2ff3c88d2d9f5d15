"""Converts event records to API objects."""

from collections.abc import Mapping

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Event, RsvpStatus
from actors.protocol.timestamps import rfc3339_from_datetime
from storage.contracts import identifiers
from storage.contracts.events import EventRecord


def event_conversation_id(event_id: str) -> str:
    """Derive a conversation's id from its event's id, so that creating it is idempotent."""
    return identifiers.event_conversation_id(event_id)


def to_event(record: EventRecord, cards: Mapping[str, UserCard]) -> Event:
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
        hidden_at=None if record.hidden_at is None else rfc3339_from_datetime(record.hidden_at),
    )

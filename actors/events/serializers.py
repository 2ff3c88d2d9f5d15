"""Converts event records to API objects."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from actors.protocol.event_objects import Event, EventSeries, EventVisibility, Place, Rsvp, RsvpStatus
from actors.protocol.objects import UserCard
from actors.protocol.stored_enums import to_member
from actors.protocol.timestamps import rfc3339_from_datetime, rfc3339_or_none
from storage.contracts import identifiers
from storage.contracts.event_hosting import EventDetails
from storage.contracts.events import EventRecord
from storage.contracts.rsvps import RsvpState


def event_conversation_id(event_id: str) -> str:
    """Derive the conversation's id from the event's id, so that creating the conversation is idempotent."""
    return identifiers.event_conversation_id(event_id)


def to_event(record: EventRecord, details: EventDetails, cards: Mapping[str, UserCard]) -> Event:
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
        my_rsvp=RsvpStatus.PENDING if details.is_pending else _to_status(record.my_rsvp),
        my_waitlist_position=record.my_waitlist_position,
        conversation_id=event_conversation_id(record.id),
        timezone=record.timezone,
        place=None if place is None else Place(place.name, place.address, place.latitude, place.longitude),
        url=record.url,
        visibility=to_member(EventVisibility, record.visibility),
        series=_to_series(record),
        hosts=[cards[record.creator.id], *(cards[cohost.id] for cohost in details.cohosts)],
        cancelled_at=rfc3339_or_none(details.cancelled_at),
        cancel_reason=details.cancel_reason,
        approval=details.approval,
        my_guests=details.my_guests,
        hidden_at=rfc3339_or_none(record.hidden_at),
        reminders=None if details.my_reminders is None else list(details.my_reminders),
    )


def to_rsvp(
    event_id: str,
    user: UserCard,
    state: RsvpState,
    reminders: Sequence[int] | None = None,
    checked_in_at: datetime | None = None,
    check_in_code: str | None = None,
) -> Rsvp:
    return Rsvp(
        event_id,
        user,
        _to_status(state.status),
        state.waitlist_position,
        state.guests,
        None if reminders is None else list(reminders),
        rfc3339_or_none(checked_in_at),
        check_in_code,
    )


def _to_status(status: str | None) -> RsvpStatus | None:
    return None if status is None else to_member(RsvpStatus, status)


def _to_series(record: EventRecord) -> EventSeries | None:
    if record.series_id is None or record.rrule is None:
        return None
    return EventSeries(record.series_id, record.rrule)

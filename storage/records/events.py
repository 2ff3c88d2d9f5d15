"""Records of the Event service: events, RSVPs and waitlists."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from storage.records.user_cache import UserCardRecord


class NewEvent(msgspec.Struct, frozen=True):
    creator_id: str
    title: str
    description: str | None
    category: str
    start: datetime
    end: datetime
    capacity: int


class EventChange(msgspec.Struct, frozen=True):
    """New values of fields; `UNSET` leaves a field unchanged."""

    title: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    category: str | UnsetType = UNSET
    start: datetime | UnsetType = UNSET
    end: datetime | UnsetType = UNSET
    capacity: int | UnsetType = UNSET


class EventRecord(msgspec.Struct, frozen=True):
    """An event as one viewer sees it."""

    id: str
    creator: UserCardRecord
    title: str
    description: str | None
    category: str
    start: datetime
    end: datetime
    capacity: int
    going_count: int
    interested_count: int
    my_rsvp: str | None
    my_waitlist_position: int | None


class RsvpState(msgspec.Struct, frozen=True):
    """A user's RSVP and waitlist position (1 is the first)."""

    status: str | None
    waitlist_position: int | None


class RsvpRecord(msgspec.Struct, frozen=True):
    """A row of an RSVP list, ordered by (answered_at, user id)."""

    user: UserCardRecord
    status: str
    answered_at: datetime


class EventSearchCriteria(msgspec.Struct, frozen=True):
    """Search conditions; None omits one."""

    category: str | None = None
    start_from: datetime | None = None
    start_to: datetime | None = None
    query_text: str | None = None

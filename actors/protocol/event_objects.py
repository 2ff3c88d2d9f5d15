"""Events, RSVPs and calendars, as clients see them. Times are RFC 3339 strings (see `timestamps`)."""

from enum import StrEnum

import msgspec

from actors.protocol.objects import Media, UserCard


class RsvpStatus(StrEnum):
    GOING = "GOING"
    INTERESTED = "INTERESTED"
    MAYBE = "MAYBE"
    NOT_GOING = "NOT_GOING"
    PENDING = "PENDING"


class EventVisibility(StrEnum):
    """`INVITED`: only the hosts, users who were invited, and users who responded see the event."""

    PUBLIC = "public"
    INVITED = "invited"


class Place(msgspec.Struct, frozen=True):
    """Where an event takes place; `latitude` and `longitude` in degrees (WGS 84), both or neither."""

    name: str
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class EventSeries(msgspec.Struct, frozen=True):
    """The series that an event belongs to, and its recurrence rule (RFC 5545, with COUNT)."""

    id: str
    rrule: str


class Event(msgspec.Struct, frozen=True):
    """An event as seen by one viewer.

    `timezone` is the IANA name of the zone in which it takes place; times are in UTC all the same.
    `going_count` counts users who go and their guests, and is at most `capacity`. `hosts` are the creator and
    the co-hosts. A cancelled event has `cancelled_at`, keeps its RSVPs and takes no new ones. With
    `approval`, hosts decide who goes. `my_guests` are those of the viewer's RSVP, and so are `reminders`, the
    minutes before the start; null without any. `cover` is null: this version has no uploads.
    One with `hidden_at` was hidden by moderators; only they and the creator see it.
    """

    id: str
    creator: UserCard
    title: str
    description: str | None
    category: str
    start_datetime: str
    end_datetime: str
    capacity: int
    going_count: int
    interested_count: int
    my_rsvp: RsvpStatus | None
    my_waitlist_position: int | None
    conversation_id: str
    timezone: str = "UTC"
    place: Place | None = None
    url: str | None = None
    visibility: EventVisibility = EventVisibility.PUBLIC
    series: EventSeries | None = None
    hosts: list[UserCard] = []
    cancelled_at: str | None = None
    cancel_reason: str | None = None
    approval: bool = False
    my_guests: int = 0
    hidden_at: str | None = None
    cover: Media | None = None
    reminders: list[int] | None = None


class Rsvp(msgspec.Struct, frozen=True):
    """A user's response to an event. `waitlist_position` is set while the user waits for a place.

    `status` is `PENDING` until a host has decided, where hosts decide who goes. `guests` come with the user.
    `reminders` are the minutes before the start at which the user is reminded, and `check_in_code` proves the
    RSVP of a user who goes to a host; only the user sees these. `checked_in_at` is when the user arrived;
    only the user and the hosts see it.
    """

    event_id: str
    user: UserCard
    status: RsvpStatus | None
    waitlist_position: int | None
    guests: int = 0
    reminders: list[int] | None = None
    checked_in_at: str | None = None
    check_in_code: str | None = None


class Announcement(msgspec.Struct, frozen=True):
    """What a host of an event announced to its attendees."""

    id: str
    event_id: str
    author: UserCard
    content: str
    created_at: str


class CalendarLink(msgspec.Struct, frozen=True):
    """A secret link to a user's calendar: `url` for calendar applications, `http_url` for other clients."""

    url: str
    http_url: str
    created_at: str


class CalendarLinkInfo(msgspec.Struct, frozen=True):
    """When the link to a user's calendar was created; null without one."""

    created_at: str | None

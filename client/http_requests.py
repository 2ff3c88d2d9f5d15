"""HTTP request bodies, for callers such as the demo and the load tester."""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from actors.protocol.event_objects import EventVisibility, Place, RsvpStatus
from actors.protocol.objects import ConversationType
from actors.protocol.social_objects import PostVisibility


class NewUser(msgspec.Struct, frozen=True):
    """`POST /v1/users`."""

    email: str
    username: str
    password: str
    display_name: str

    def __repr__(self) -> str:
        return "NewUser(...)"


class Login(msgspec.Struct, frozen=True):
    """`POST /v1/sessions`."""

    login: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"


class ProfileUpdate(msgspec.Struct, frozen=True):
    """`PATCH /v1/users/me`."""

    bio: str


class PrivacyOfAccount(msgspec.Struct, frozen=True):
    """`PATCH /v1/users/me`."""

    private: bool


class NewReport(msgspec.Struct, frozen=True):
    """`POST /v1/reports`."""

    kind: str
    id: str
    reason: str


class NewMute(msgspec.Struct, frozen=True):
    """`PUT /v1/users/{id}/mute`."""

    posts: bool = True
    notifications: bool = True


class NewConversation(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /v1/conversations`."""

    type: ConversationType
    participants: list[str]
    name: str | None = None


class NewMessage(msgspec.Struct, frozen=True):
    """`POST /v1/conversations/{id}/messages`."""

    client_id: str
    content: str
    mentions: list[str]
    reply_to: str | None


class MarkRead(msgspec.Struct, frozen=True):
    """`PUT /v1/conversations/{id}/read`."""

    seq: int


class NewPost(msgspec.Struct, frozen=True):
    """`POST /v1/posts`."""

    content: str
    event_id: str | None = None
    visibility: PostVisibility = PostVisibility.PUBLIC


class PostPatch(msgspec.Struct, frozen=True):
    """`PATCH /v1/posts/{id}`."""

    content: str


class NewComment(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /v1/posts/{id}/comments`."""

    content: str
    parent_id: str | None = None


class NewRepost(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /v1/posts/{id}/repost`."""

    content: str | None = None


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`POST /v1/events`. With `rrule` (RFC 5545) a series; `count` limits the number of its events."""

    title: str
    description: str | None = None
    category: str
    start_datetime: datetime
    end_datetime: datetime
    capacity: int
    timezone: str = "UTC"
    place: Place | None = None
    url: str | None = None
    visibility: EventVisibility = EventVisibility.PUBLIC
    rrule: str | None = None
    count: int | None = None
    approval: bool = False


class EventUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """`PATCH /v1/events/{id}`. Fields that are not set stay; None clears a description, place or link."""

    title: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    category: str | UnsetType = UNSET
    start_datetime: datetime | UnsetType = UNSET
    end_datetime: datetime | UnsetType = UNSET
    capacity: int | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    place: Place | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET
    visibility: EventVisibility | UnsetType = UNSET
    approval: bool | UnsetType = UNSET


class NewRsvp(msgspec.Struct, frozen=True):
    """`PUT /v1/events/{id}/rsvp`. `waitlist`: wait for a place if the event is full.

    Guests, and reminders in minutes before the start, stay as they are if they are None.
    """

    status: RsvpStatus
    waitlist: bool = True
    guests: int | None = None
    reminders: list[int] | None = None


class EventCancellation(msgspec.Struct, frozen=True):
    """`POST /v1/events/{id}/cancellation`."""

    reason: str | None = None


class NewAnnouncement(msgspec.Struct, frozen=True):
    """`POST /v1/events/{id}/announcements`."""

    content: str


class CheckIn(msgspec.Struct, frozen=True):
    """`PUT /v1/events/{id}/attendance/{user_id}`. `code` is the `check_in_code` of the user's RSVP."""

    code: str


class NewInvites(msgspec.Struct, frozen=True):
    """`POST /v1/events/{id}/invites`."""

    user_ids: list[str]

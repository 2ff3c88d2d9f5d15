"""HTTP request bodies, for callers such as the demo and the load tester."""

from datetime import datetime

import msgspec

from actors.protocol.objects import ConversationType
from actors.protocol.social_objects import EventVisibility, Place, RsvpStatus


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
    """`POST /v1/conversations/{id}/read`."""

    seq: int


class NewPost(msgspec.Struct, frozen=True):
    """`POST /v1/posts`."""

    content: str
    event_id: str | None = None


class PostPatch(msgspec.Struct, frozen=True):
    """`PATCH /v1/posts/{id}`."""

    content: str


class NewComment(msgspec.Struct, frozen=True):
    """`POST /v1/posts/{id}/comments`."""

    content: str


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


class NewRsvp(msgspec.Struct, frozen=True):
    """`PUT /v1/events/{id}/rsvp`. `waitlist`: wait for a place if the event is full."""

    status: RsvpStatus
    waitlist: bool = True


class NewInvites(msgspec.Struct, frozen=True):
    """`POST /v1/events/{id}/invites`."""

    user_ids: list[str]

"""The social objects of the API, as clients see them. Times are RFC 3339 strings (see `timestamps`)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from actors.protocol.objects import UserCard


class SocialStats(msgspec.Struct, frozen=True, gc=False):
    """The counts on a user's profile, the same for every viewer.

    Lists may be shorter: they are without users and posts that the viewer cannot see, and empty for those who
    do not follow a private account. `posts_count` counts posts, reposts and quotes that are not hidden.
    """

    user_id: str
    followers_count: int
    following_count: int
    posts_count: int


class Mute(msgspec.Struct, frozen=True):
    """A user that the caller mutes, what of them is hidden, and until when; null for no end."""

    user: UserCard
    posts: bool
    notifications: bool
    expires_at: str | None


class FollowRequest(msgspec.Struct, frozen=True):
    """A user who asks to follow the caller, whose account is private."""

    user: UserCard
    created_at: str


class SuggestionReason(StrEnum):
    FRIENDS = "FRIENDS"
    EVENTS = "EVENTS"
    POPULAR = "POPULAR"


class Suggestion(UserCard, frozen=True, gc=False):
    """A user that the caller may want to follow, and why.

    `FRIENDS`: `friend_count` users that the caller follows follow them. `EVENTS`: they go to the same events.
    `POPULAR`: they have many followers.
    """

    reason: SuggestionReason
    friend_count: int


class PostVisibility(StrEnum):
    """Who can see a post. The posts of a private account are for followers only, whatever they say."""

    PUBLIC = "public"
    FOLLOWERS = "followers"


class Post(msgspec.Struct, frozen=True):
    """A post as seen by one viewer.

    `mentions` are the users that `@name` in the content means, `tags` its `#tag`s as written, without `#`.
    One with `hidden_at` was hidden by moderators; only they and the author see it.

    A repost has `repost_of` and no content. A post with both quotes the other one, and stays without it, with
    null, when that is gone or hidden. `repost_of` in it is null. `reposted_by_me` is about reposts alone.

    The counts are the same for every viewer, so lists that leave out what a viewer cannot see may be shorter.
    `comment_count` is without hidden comments. `repost_count` counts reposts and quotes that are public and
    not hidden.
    """

    id: str
    author: UserCard
    content: str
    event_id: str | None
    like_count: int
    comment_count: int
    liked_by_me: bool
    created_at: str
    mentions: list[UserCard] = []
    tags: list[str] = []
    edited_at: str | None = None
    bookmarked_by_me: bool = False
    visibility: PostVisibility = PostVisibility.PUBLIC
    hidden_at: str | None = None
    repost_of: "Post | None" = None
    repost_count: int = 0
    reposted_by_me: bool = False


class PostCounts(msgspec.Struct, frozen=True, gc=False):
    """The counts of a post, as in `Post`: the same for every viewer."""

    post_id: str
    like_count: int
    comment_count: int
    repost_count: int


class Tag(msgspec.Struct, frozen=True, gc=False):
    """A tag without `#`, and whether the caller follows it. A followed one is as the caller wrote it."""

    tag: str
    following: bool


class PostRevision(msgspec.Struct, frozen=True):
    """A former text of a post. `created_at` is when it became the text."""

    id: str
    content: str
    created_at: str


class Comment(msgspec.Struct, frozen=True):
    """A comment on a post. `mentions`, `tags` and `hidden_at` are as in `Post`.

    A reply has the id of the comment that it replies to as `parent_id`. There is one level of replies: a
    reply to a reply has the same parent. The replies to a hidden comment are hidden with it.
    """

    id: str
    post_id: str
    author: UserCard
    content: str
    created_at: str
    mentions: list[UserCard] = []
    tags: list[str] = []
    hidden_at: str | None = None
    parent_id: str | None = None
    like_count: int = 0
    liked_by_me: bool = False


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
    `approval`, hosts decide who goes. `my_guests` are those of the viewer's RSVP.
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


class NotificationType(StrEnum):
    FOLLOW = "FOLLOW"
    FOLLOW_REQUEST = "FOLLOW_REQUEST"
    LIKE = "LIKE"
    COMMENT = "COMMENT"
    MENTION = "MENTION"
    REPOST = "REPOST"
    EVENT_INVITE = "EVENT_INVITE"
    EVENT_UPDATE = "EVENT_UPDATE"
    EVENT_REMINDER = "EVENT_REMINDER"
    MODERATION = "MODERATION"
    EXPORT_READY = "EXPORT_READY"


class NotificationChannel(StrEnum):
    """How the user is notified.

    `push`: the notification is stored and sent to the user's connected clients. `mail`: also by e-mail, if it
    is not read soon; one e-mail has all that gathered. `nothing`: it is not even stored.
    """

    PUSH = "push"
    MAIL = "mail"
    NOTHING = "nothing"


DEFAULT_NOTIFICATION_CHANNELS: Final[Mapping[NotificationType, NotificationChannel]] = {
    NotificationType.FOLLOW: NotificationChannel.PUSH,
    NotificationType.LIKE: NotificationChannel.PUSH,
    NotificationType.COMMENT: NotificationChannel.PUSH,
    NotificationType.MENTION: NotificationChannel.PUSH,
    NotificationType.EVENT_INVITE: NotificationChannel.PUSH,
    NotificationType.EVENT_UPDATE: NotificationChannel.PUSH,
    NotificationType.FOLLOW_REQUEST: NotificationChannel.PUSH,
    NotificationType.REPOST: NotificationChannel.PUSH,
    NotificationType.EVENT_REMINDER: NotificationChannel.PUSH,
    NotificationType.MODERATION: NotificationChannel.PUSH,
    NotificationType.EXPORT_READY: NotificationChannel.MAIL,
}
"""One line for each type."""

TimeOfDay = Annotated[
    str,
    # `$` alone would allow a line break after it.
    Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", max_length=5, description="Local time, `HH:MM`."),
]
TimezoneName = Annotated[str, Meta(min_length=1, max_length=64, description="Name of an IANA time zone.")]


class QuietHours(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Hours of every day in which notifications are `silent` and no e-mail is sent about them.

    `to` may be earlier than `from`: the hours then end on the next day. They are local times of `timezone`,
    and follow its changes to and from daylight saving time.
    """

    start: TimeOfDay
    end: TimeOfDay
    timezone: TimezoneName


class NotificationPreferences(msgspec.Struct, frozen=True):
    """The channel of every notification type, and the quiet hours; null for none."""

    channels: dict[NotificationType, NotificationChannel]
    quiet_hours: QuietHours | None


class Notification(msgspec.Struct, frozen=True):
    """A notification.

    `reference_id` is the id of a post, user, event, message or action of moderators, depending on `type`;
    `conversation_id` is the conversation of a message.
    """

    id: str
    type: NotificationType
    title: str
    message: str
    sender: UserCard | None
    reference_id: str | None
    conversation_id: str | None
    is_read: bool
    count: int
    created_at: str

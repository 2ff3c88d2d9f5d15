"""The social objects of the API, as clients see them. Times are RFC 3339 strings (see `timestamps`)."""

from enum import StrEnum

import msgspec

from actors.protocol.objects import UserCard


class SocialStats(msgspec.Struct, frozen=True, gc=False):
    """The counts on a user's profile."""

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


class PostRevision(msgspec.Struct, frozen=True):
    """A former text of a post. `created_at` is when it became the text."""

    id: str
    content: str
    created_at: str


class Comment(msgspec.Struct, frozen=True):
    """A comment on a post. `mentions`, `tags` and `hidden_at` are as in `Post`."""

    id: str
    post_id: str
    author: UserCard
    content: str
    created_at: str
    mentions: list[UserCard] = []
    tags: list[str] = []
    hidden_at: str | None = None


class RsvpStatus(StrEnum):
    GOING = "GOING"
    INTERESTED = "INTERESTED"
    MAYBE = "MAYBE"
    NOT_GOING = "NOT_GOING"
    PENDING = "PENDING"


class Event(msgspec.Struct, frozen=True):
    """An event as seen by one viewer.

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


class NotificationType(StrEnum):
    FOLLOW = "FOLLOW"
    FOLLOW_REQUEST = "FOLLOW_REQUEST"
    LIKE = "LIKE"
    COMMENT = "COMMENT"
    MENTION = "MENTION"
    EVENT_INVITE = "EVENT_INVITE"
    EVENT_UPDATE = "EVENT_UPDATE"
    EVENT_REMINDER = "EVENT_REMINDER"
    MODERATION = "MODERATION"


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

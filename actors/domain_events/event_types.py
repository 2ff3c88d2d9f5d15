"""Typed structs of the domain events, one for each payload.

The triggers and functions in `sql/<service>/` write the payloads. An event of unknown type was written by a
newer release and is ignored. In events about likes, comments and reposts `actor_id` is the user who acted,
and `recipient_id` the author of the post or comment acted on.
"""

from datetime import datetime

import msgspec

from storage.contracts.domain_events import OutboxEvent


class UserUpserted(msgspec.Struct, frozen=True):
    """`user.created` and `user.updated`."""

    id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    verified: bool
    version: int
    private: bool = False


class UserDeleted(msgspec.Struct, frozen=True):
    id: str
    version: int


class FollowChanged(msgspec.Struct, frozen=True):
    follower_id: str
    following_id: str


class FollowCreated(FollowChanged, frozen=True):
    pass


class FollowDeleted(FollowChanged, frozen=True):
    pass


class FollowRequestChanged(msgspec.Struct, frozen=True):
    requester_id: str
    requested_id: str


class FollowRequestCreated(FollowRequestChanged, frozen=True):
    pass


class FollowRequestDeleted(FollowRequestChanged, frozen=True):
    """The request was accepted, declined or withdrawn, or ended by a block or a deletion."""


class AccountMadePrivate(msgspec.Struct, frozen=True):
    user_id: str


class BlockChanged(msgspec.Struct, frozen=True):
    blocker_id: str
    blocked_id: str


class BlockCreated(BlockChanged, frozen=True):
    pass


class BlockDeleted(BlockChanged, frozen=True):
    pass


class PostChanged(msgspec.Struct, frozen=True):
    """`posts_count` is the author's number of posts after the change."""

    id: str
    author_id: str
    created_us: int
    posts_count: int


class PostCreated(PostChanged, frozen=True):
    """The post was created, or restored by a moderator."""


class PostDeleted(PostChanged, frozen=True):
    """The post was deleted, or hidden by a moderator."""


class PostLikeChanged(msgspec.Struct, frozen=True):
    post_id: str
    recipient_id: str = msgspec.field(name="author_id")
    actor_id: str = msgspec.field(name="user_id")


class PostLiked(PostLikeChanged, frozen=True):
    pass


class PostUnliked(PostLikeChanged, frozen=True):
    pass


class RepostChanged(msgspec.Struct, frozen=True):
    """`id` is the repost or quote; the recipient is the author of the original `post_id`."""

    id: str
    post_id: str
    recipient_id: str = msgspec.field(name="author_id")
    actor_id: str = msgspec.field(name="user_id")
    is_quote: bool


class PostReposted(RepostChanged, frozen=True):
    pass


class PostUnreposted(RepostChanged, frozen=True):
    """The repost is gone or hidden."""


class CommentChanged(msgspec.Struct, frozen=True):
    id: str
    post_id: str
    recipient_id: str = msgspec.field(name="author_id")
    actor_id: str = msgspec.field(name="user_id")


class CommentCreated(CommentChanged, frozen=True):
    pass


class CommentDeleted(CommentChanged, frozen=True):
    """The comment is gone or hidden, with its likes."""


class ReplyChanged(msgspec.Struct, frozen=True):
    """The recipient is the author of the parent, the actor the author of the reply."""

    id: str
    post_id: str
    parent_id: str
    recipient_id: str = msgspec.field(name="author_id")
    post_author_id: str
    actor_id: str = msgspec.field(name="user_id")


class ReplyCreated(ReplyChanged, frozen=True):
    pass


class ReplyDeleted(ReplyChanged, frozen=True):
    """The reply is gone or hidden."""


class CommentLikeChanged(msgspec.Struct, frozen=True):
    """The recipient is the author of the comment."""

    comment_id: str
    post_id: str
    recipient_id: str = msgspec.field(name="author_id")
    post_author_id: str
    actor_id: str = msgspec.field(name="user_id")


class CommentLiked(CommentLikeChanged, frozen=True):
    pass


class CommentUnliked(CommentLikeChanged, frozen=True):
    pass


class MentionChanged(msgspec.Struct, frozen=True):
    """`author_id` wrote the text that mentions a user; `comment_id` is None for the text of a post."""

    post_id: str
    comment_id: str | None
    author_id: str
    post_author_id: str
    mentioned_user_id: str = msgspec.field(name="user_id")


class MentionCreated(MentionChanged, frozen=True):
    pass


class MentionDeleted(MentionChanged, frozen=True):
    """The text, or the mention in it, is gone or hidden."""


class EventCreated(msgspec.Struct, frozen=True):
    id: str
    creator_id: str
    title: str


class EventUpdated(msgspec.Struct, frozen=True):
    """`old_title` is set if the title has changed. `actor_id` changed the event, the creator if None."""

    id: str
    creator_id: str
    title: str
    old_title: str | None = None
    actor_id: str | None = None


class EventCancelled(msgspec.Struct, frozen=True):
    """An event is cancelled or deleted by `actor_id`, the creator if None.

    `user_ids` are to be notified; one event for each part of them.
    """

    id: str
    creator_id: str
    title: str
    user_ids: list[str]
    actor_id: str | None = None
    reason: str | None = None


class EventDeleted(msgspec.Struct, frozen=True):
    """Published after the `EventCancelled` of the event, if users are to be notified."""

    id: str
    creator_id: str
    title: str


class EventHidden(msgspec.Struct, frozen=True):
    """A moderator hid the event."""

    id: str
    creator_id: str


class EventRestored(msgspec.Struct, frozen=True):
    """A moderator made a hidden event visible again."""

    id: str
    creator_id: str


class AttendeeRemoved(msgspec.Struct, frozen=True):
    """A host removed a user, or there is a block between user and host.

    The user's RSVP, request and invites are deleted, and the user is no co-host any more.
    """

    event_id: str
    user_id: str


class RsvpChanged(msgspec.Struct, frozen=True):
    """A user's RSVP, waitlist entry, request, invite or co-hosting may have changed.

    Has no status: consumers read the current one.
    """

    event_id: str
    user_id: str


class RsvpPromoted(msgspec.Struct, frozen=True):
    event_id: str
    user_id: str
    title: str
    creator_id: str


class EventAnnounced(msgspec.Struct, frozen=True):
    """A host announced something to the attendees."""

    event_id: str
    announcement_id: str
    author_id: str
    title: str
    content: str


class EventReminder(msgspec.Struct, frozen=True):
    """Users are to be reminded of an event, `minutes` before its start.

    `starts_in_s` was the time to the start when the reminder was published, which may be late.
    """

    id: str
    title: str
    start_at: datetime
    minutes: int
    starts_in_s: float
    user_ids: list[str]


class HostAdded(msgspec.Struct, frozen=True):
    """The creator made a user a co-host."""

    event_id: str
    user_id: str
    creator_id: str
    title: str


class RsvpRequested(msgspec.Struct, frozen=True):
    """A user asks the hosts to go to an event."""

    event_id: str
    user_id: str
    title: str


class RsvpRequestEnded(msgspec.Struct, frozen=True):
    """A request was accepted, declined or withdrawn, or ended by a block, a removal or a deletion."""

    event_id: str
    user_id: str


class RsvpAccepted(msgspec.Struct, frozen=True):
    event_id: str
    user_id: str
    host_id: str
    title: str


class RsvpDeclined(msgspec.Struct, frozen=True):
    event_id: str
    user_id: str
    host_id: str
    title: str


class EventInvited(msgspec.Struct, frozen=True):
    event_id: str
    title: str
    user_id: str
    inviter_id: str


class ModerationActed(msgspec.Struct, frozen=True):
    """Moderators acted on a user, or on an item, registration or appeal of a user.

    `id` is that of the action.
    """

    id: str
    type: str
    target_kind: str
    user_id: str
    reason: str


class AppealAnswered(msgspec.Struct, frozen=True):
    """Moderators answered the appeal of a user against an action."""

    action_id: str
    user_id: str
    accepted: bool


DomainEvent = (
    UserUpserted
    | UserDeleted
    | FollowCreated
    | FollowDeleted
    | FollowRequestCreated
    | FollowRequestDeleted
    | AccountMadePrivate
    | BlockCreated
    | BlockDeleted
    | PostCreated
    | PostDeleted
    | PostLiked
    | PostUnliked
    | PostReposted
    | PostUnreposted
    | CommentCreated
    | CommentDeleted
    | ReplyCreated
    | ReplyDeleted
    | CommentLiked
    | CommentUnliked
    | MentionCreated
    | MentionDeleted
    | EventCreated
    | EventUpdated
    | EventCancelled
    | EventDeleted
    | EventHidden
    | EventRestored
    | AttendeeRemoved
    | RsvpChanged
    | RsvpPromoted
    | EventAnnounced
    | EventReminder
    | HostAdded
    | RsvpRequested
    | RsvpRequestEnded
    | RsvpAccepted
    | RsvpDeclined
    | EventInvited
    | ModerationActed
    | AppealAnswered
)

_EVENT_TYPES: dict[str, type[DomainEvent]] = {
    "user.created": UserUpserted,
    "user.updated": UserUpserted,
    "user.deleted": UserDeleted,
    "follow.created": FollowCreated,
    "follow.deleted": FollowDeleted,
    "follow_request.created": FollowRequestCreated,
    "follow_request.deleted": FollowRequestDeleted,
    "account.made_private": AccountMadePrivate,
    "block.created": BlockCreated,
    "block.deleted": BlockDeleted,
    "post.created": PostCreated,
    "post.deleted": PostDeleted,
    "post.liked": PostLiked,
    "post.unliked": PostUnliked,
    "post.reposted": PostReposted,
    "post.unreposted": PostUnreposted,
    "comment.created": CommentCreated,
    "comment.deleted": CommentDeleted,
    "reply.created": ReplyCreated,
    "reply.deleted": ReplyDeleted,
    "comment.liked": CommentLiked,
    "comment.unliked": CommentUnliked,
    "mention.created": MentionCreated,
    "mention.deleted": MentionDeleted,
    "event.created": EventCreated,
    "event.updated": EventUpdated,
    "event.cancelled": EventCancelled,
    "event.deleted": EventDeleted,
    "event.hidden": EventHidden,
    "event.restored": EventRestored,
    "attendee.removed": AttendeeRemoved,
    "rsvp.changed": RsvpChanged,
    "rsvp.promoted": RsvpPromoted,
    "event.announced": EventAnnounced,
    "event.reminder": EventReminder,
    "host.added": HostAdded,
    "rsvp.requested": RsvpRequested,
    "rsvp_request.ended": RsvpRequestEnded,
    "rsvp.accepted": RsvpAccepted,
    "rsvp.declined": RsvpDeclined,
    "event.invited": EventInvited,
    "moderation.acted": ModerationActed,
    "appeal.answered": AppealAnswered,
}
_decoders = {name: msgspec.json.Decoder(kind) for name, kind in _EVENT_TYPES.items()}


def decode_event(event: OutboxEvent) -> DomainEvent | None:
    """Decode an event; None if its type is unknown. Raises `msgspec.DecodeError`."""
    decoder = _decoders.get(event.type)
    return None if decoder is None else decoder.decode(event.payload)

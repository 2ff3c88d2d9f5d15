"""Looks up which causes of notifications still exist: likes, comments, follows, requests, invites and others.

Domain events are only triggers. A like that was removed meanwhile does not notify, and one that was added
again is not withdrawn, in any order of their events.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from actors.domain_events.event_types import (
    CommentCreated,
    CommentDeleted,
    CommentLikeChanged,
    DomainEvent,
    EventInvited,
    FollowCreated,
    FollowDeleted,
    FollowRequestCreated,
    FollowRequestDeleted,
    HostAdded,
    MentionCreated,
    MentionDeleted,
    PostLiked,
    PostUnliked,
    ReplyChanged,
    RepostChanged,
    RsvpAccepted,
    RsvpDeclined,
    RsvpPromoted,
    RsvpRequested,
    RsvpRequestEnded,
)
from actors.protocol.event_objects import EventVisibility, RsvpStatus
from storage.contracts.event_hosting import EventHostStore
from storage.contracts.events import Attendee, EventStore, InviteKey
from storage.contracts.follow_requests import FollowRequestStore
from storage.contracts.posts import MentionKey, RepostStore
from storage.contracts.reactions import CommentLikeStore, ReactionStore
from storage.contracts.rsvps import RsvpStore, RsvpSummary
from storage.contracts.social import SocialStore

RsvpAnswer = RsvpPromoted | RsvpAccepted | RsvpRequested | RsvpRequestEnded | RsvpDeclined


class NotificationCauses:
    def __init__(
        self,
        social: SocialStore,
        follow_requests: FollowRequestStore,
        reactions: ReactionStore,
        comment_likes: CommentLikeStore,
        reposts: RepostStore,
        events: EventStore,
        rsvps: RsvpStore,
        hosts: EventHostStore,
    ) -> None:
        self._social = social
        self._follow_requests = follow_requests
        self._reactions = reactions
        self._comment_likes = comment_likes
        self._reposts = reposts
        self._events = events
        self._rsvps = rsvps
        self._hosts = hosts

    async def find_existing(self, events: Sequence[DomainEvent]) -> AbstractSet[DomainEvent]:
        """Return those of the events whose cause exists now.

        At most one look-up for each kind of cause. Causes that belong to a hidden event do not exist, nor
        declined requests of users who do not see the event.
        """
        likes = [event for event in events if isinstance(event, PostLiked | PostUnliked)]
        comments = [event for event in events if isinstance(event, CommentCreated | CommentDeleted)]
        replies = [event for event in events if isinstance(event, ReplyChanged)]
        comment_likes = [event for event in events if isinstance(event, CommentLikeChanged)]
        reposts = [event for event in events if isinstance(event, RepostChanged)]
        mentions = [event for event in events if isinstance(event, MentionCreated | MentionDeleted)]
        follows = [event for event in events if isinstance(event, FollowCreated | FollowDeleted)]
        requests = [
            event for event in events if isinstance(event, FollowRequestCreated | FollowRequestDeleted)
        ]
        invites = [event for event in events if isinstance(event, EventInvited)]
        new_hosts = [event for event in events if isinstance(event, HostAdded)]
        answers = [event for event in events if isinstance(event, RsvpAnswer)]
        declined = [event for event in answers if isinstance(event, RsvpDeclined)]
        liked = await self._reactions.likes_among([(like.post_id, like.actor_id) for like in likes])
        comment_ids = await self._reactions.comments_among(
            [comment.id for comment in comments] + [reply.id for reply in replies]
        )
        comments_liked = await self._comment_likes.likes_among(
            [(like.comment_id, like.actor_id) for like in comment_likes]
        )
        repost_ids = await self._reposts.reposts_among([repost.id for repost in reposts])
        mentioned = await self._reactions.mentions_among([_mention_key(mention) for mention in mentions])
        followed = await self._social.follows_among(
            [(follow.follower_id, follow.following_id) for follow in follows]
        )
        requested = await self._follow_requests.requests_among(
            [(request.requester_id, request.requested_id) for request in requests]
        )
        invited = await self._events.invites_among([_invite_key(invite) for invite in invites])
        hosting = await self._hosts.hosts_among([_attendee(event) for event in new_hosts])
        rsvps = await self._rsvps.rsvps_among([_attendee(event) for event in answers])
        invisible = await self.find_invisible_events([_attendee(event) for event in declined])
        existing: set[DomainEvent] = {like for like in likes if (like.post_id, like.actor_id) in liked}
        existing |= {comment for comment in comments if comment.id in comment_ids}
        existing |= {reply for reply in replies if reply.id in comment_ids}
        existing |= {like for like in comment_likes if (like.comment_id, like.actor_id) in comments_liked}
        existing |= {repost for repost in reposts if repost.id in repost_ids}
        existing |= {mention for mention in mentions if _mention_key(mention) in mentioned}
        existing |= {follow for follow in follows if (follow.follower_id, follow.following_id) in followed}
        existing |= {
            request for request in requests if (request.requester_id, request.requested_id) in requested
        }
        existing |= {invite for invite in invites if _invite_key(invite) in invited}
        existing |= {event for event in new_hosts if _attendee(event) in hosting}
        existing |= {event for event in answers if _is_current(event, rsvps.get(_attendee(event)))}
        existing -= {event for event in declined if _attendee(event) in invisible}
        return existing

    async def find_invisible_events(self, attendees: Sequence[Attendee]) -> AbstractSet[Attendee]:
        """Return those of the users who do not see the event, which exists."""
        return await self._events.invisible_among(attendees)

    async def find_open_events(self, event_ids: Sequence[str]) -> AbstractSet[str]:
        """Return those of the events that everyone sees, except for blocks."""
        records = await self._events.find_for_all(event_ids) if event_ids else []
        return {record.id for record in records if record.visibility == EventVisibility.PUBLIC}


def _is_current(event: RsvpAnswer, rsvp: RsvpSummary | None) -> bool:
    """Whether the user still has the RSVP that an event is about; without `rsvp` the event is hidden."""
    if rsvp is None:
        return False
    match event:
        case RsvpRequested() | RsvpRequestEnded():
            return rsvp.status == RsvpStatus.PENDING
        case RsvpDeclined():
            return rsvp.status is None
        case RsvpAccepted():
            return rsvp.status == RsvpStatus.GOING or rsvp.is_waiting
        case RsvpPromoted():
            return rsvp.status == RsvpStatus.GOING


def _mention_key(mention: MentionCreated | MentionDeleted) -> MentionKey:
    return MentionKey(mention.post_id, mention.comment_id, mention.mentioned_user_id)


def _invite_key(invite: EventInvited) -> InviteKey:
    return InviteKey(invite.event_id, invite.user_id, invite.inviter_id)


def _attendee(event: HostAdded | RsvpAnswer) -> Attendee:
    return Attendee(event.event_id, event.user_id)

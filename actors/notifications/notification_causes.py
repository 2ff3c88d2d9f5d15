"""Looks up which causes of notifications still exist: likes, comments, follows, requests, invites and others.

Domain events are only triggers. A like that was removed meanwhile does not notify, and one that was added
again is not withdrawn, in any order of their events.
"""

from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from actors.domain_events.event_types import (
    CommentChanged,
    CommentLikeChanged,
    DomainEvent,
    EventInvited,
    FollowChanged,
    FollowRequestChanged,
    HostAdded,
    MentionChanged,
    PostLikeChanged,
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

Event = TypeVar("Event", bound=msgspec.Struct)
Key = TypeVar("Key")
RsvpDomainEvent = RsvpPromoted | RsvpAccepted | RsvpRequested | RsvpRequestEnded | RsvpDeclined


@dataclass(frozen=True, slots=True)
class CauseStores:
    """The stores that have causes of notifications."""

    social: SocialStore
    follow_requests: FollowRequestStore
    reactions: ReactionStore
    comment_likes: CommentLikeStore
    reposts: RepostStore
    events: EventStore
    rsvps: RsvpStore
    event_hosts: EventHostStore


class NotificationCauses:
    def __init__(self, stores: CauseStores) -> None:
        self._stores = stores

    async def find_existing(self, events: Sequence[DomainEvent]) -> AbstractSet[msgspec.Struct]:
        """Return those of the events whose cause exists now.

        At most one lookup for each kind of event. Causes that belong to a hidden event of the Event service
        do not exist, nor declined requests of users who do not see the event.
        """
        stores = self._stores
        existing: set[msgspec.Struct] = set()
        existing |= await _find_existing(
            events,
            FollowChanged,
            lambda one: (one.follower_id, one.following_id),
            stores.social.follows_among,
        )
        existing |= await _find_existing(
            events,
            FollowRequestChanged,
            lambda one: (one.requester_id, one.requested_id),
            stores.follow_requests.requests_among,
        )
        existing |= await _find_existing(
            events, PostLikeChanged, lambda one: (one.post_id, one.actor_id), stores.reactions.likes_among
        )
        existing |= await _find_existing(
            events, CommentChanged, lambda one: one.id, stores.reactions.comments_among
        )
        existing |= await _find_existing(
            events, ReplyChanged, lambda one: one.id, stores.reactions.comments_among
        )
        existing |= await _find_existing(
            events,
            CommentLikeChanged,
            lambda one: (one.comment_id, one.actor_id),
            stores.comment_likes.likes_among,
        )
        existing |= await _find_existing(
            events, RepostChanged, lambda one: one.id, stores.reposts.reposts_among
        )
        existing |= await _find_existing(
            events,
            MentionChanged,
            lambda one: MentionKey(one.post_id, one.comment_id, one.mentioned_user_id),
            stores.reactions.mentions_among,
        )
        existing |= await _find_existing(
            events,
            EventInvited,
            lambda one: InviteKey(one.event_id, one.user_id, one.inviter_id),
            stores.events.invites_among,
        )
        existing |= await _find_existing(
            events,
            HostAdded,
            lambda one: Attendee(one.event_id, one.user_id),
            stores.event_hosts.hosts_among,
        )
        return existing | await self._find_current_rsvps(events)

    async def _find_current_rsvps(self, events: Sequence[DomainEvent]) -> AbstractSet[msgspec.Struct]:
        """Return those of the events about an RSVP that the user still has."""
        answers = {
            event: Attendee(event.event_id, event.user_id)
            for event in events
            if isinstance(event, RsvpDomainEvent)
        }
        rsvps = await self._stores.rsvps.rsvps_among(list(answers.values()))
        invisible = await self.find_invisible_events(
            [attendee for event, attendee in answers.items() if isinstance(event, RsvpDeclined)]
        )
        return {
            event
            for event, attendee in answers.items()
            if _is_current(event, rsvps.get(attendee))
            and not (isinstance(event, RsvpDeclined) and attendee in invisible)
        }

    async def find_invisible_events(self, attendees: Sequence[Attendee]) -> AbstractSet[Attendee]:
        """Return those of the users who do not see the event, which exists."""
        return await self._stores.events.invisible_among(attendees)

    async def find_open_events(self, event_ids: Sequence[str]) -> AbstractSet[str]:
        """Return those of the events that everyone sees, except for blocks."""
        records = await self._stores.events.find_for_all(event_ids) if event_ids else []
        return {record.id for record in records if record.visibility == EventVisibility.PUBLIC}


def _is_current(event: RsvpDomainEvent, rsvp: RsvpSummary | None) -> bool:
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


async def _find_existing(
    events: Sequence[msgspec.Struct],
    kind: type[Event],
    get_key: Callable[[Event], Key],
    find_existing_keys: Callable[[Sequence[Key]], Awaitable[AbstractSet[Key]]],
) -> set[msgspec.Struct]:
    """Return those of the events of one kind whose cause exists, by one lookup of their keys."""
    of_kind = [event for event in events if isinstance(event, kind)]
    existing = await find_existing_keys([get_key(event) for event in of_kind])
    return {event for event in of_kind if get_key(event) in existing}

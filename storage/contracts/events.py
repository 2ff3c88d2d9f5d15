"""The Event service's stores: events, RSVPs and waitlists. All methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.user_cache import UserCardRecord


class EventPlace(msgspec.Struct, frozen=True):
    """Where an event takes place. `latitude` and `longitude` are in degrees; both or neither is set."""

    name: str
    address: str | None = None
    latitude: float | None = None
    longitude: float | None = None


class NewEvent(msgspec.Struct, frozen=True):
    """`timezone` is an IANA name. An event of `visibility` `invited` is not `public`; see `EventStore`."""

    creator_id: str
    title: str
    description: str | None
    category: str
    start: datetime
    end: datetime
    capacity: int
    approval: bool = False
    timezone: str = "UTC"
    place: EventPlace | None = None
    url: str | None = None
    visibility: str = "public"


class EventChange(msgspec.Struct, frozen=True):
    """New values of fields; `UNSET` leaves a field unchanged."""

    title: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    category: str | UnsetType = UNSET
    start: datetime | UnsetType = UNSET
    end: datetime | UnsetType = UNSET
    capacity: int | UnsetType = UNSET
    approval: bool | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    place: EventPlace | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET
    visibility: str | UnsetType = UNSET


class EventRecord(msgspec.Struct, frozen=True):
    """An event as one viewer sees it. `series_id` and `rrule` are those of its series."""

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
    hidden_at: datetime | None = None
    timezone: str = "UTC"
    place: EventPlace | None = None
    url: str | None = None
    visibility: str = "public"
    series_id: str | None = None
    rrule: str | None = None


class RsvpState(msgspec.Struct, frozen=True):
    """A user's RSVP and waitlist position (1 is the first).

    `status` is PENDING for a request that no host has decided yet.
    """

    status: str | None
    waitlist_position: int | None
    guests: int = 0


class RsvpSummary(msgspec.Struct, frozen=True):
    """A user's RSVP without details: `status` as in `RsvpState`."""

    status: str | None
    is_waiting: bool


class RsvpDetails(msgspec.Struct, frozen=True):
    """A user's RSVP with what only the user and the hosts see. `reminders` are minutes before the start."""

    state: RsvpState
    reminders: tuple[int, ...] = ()
    checked_in_at: datetime | None = None


class RsvpTimes(msgspec.Struct, frozen=True):
    """When a user last answered, and when a host of the event last invited the user; 0 for never. In ms."""

    answered_at_ms: int = 0
    invited_at_ms: int = 0


class RsvpRecord(msgspec.Struct, frozen=True):
    """A row of an RSVP list, ordered by (answered_at, user id)."""

    user: UserCardRecord
    status: str
    answered_at: datetime
    guests: int = 0
    checked_in_at: datetime | None = None


class NearPoint(msgspec.Struct, frozen=True):
    """A circle on the globe: degrees, and a radius in km."""

    latitude: float
    longitude: float
    km: float


class EventSearchCriteria(msgspec.Struct, frozen=True):
    """Search conditions; None omits one.

    An event matches `query_text` if each of its words is the prefix of a word of the title or description
    (`storage.search_words`). `relation` restricts the search to events that the viewer hosts (`hosting`),
    goes to (`going`), or is invited to and has not answered (`invited`).
    """

    category: str | None = None
    start_from: datetime | None = None
    start_to: datetime | None = None
    query_text: str | None = None
    relation: str | None = None
    near: NearPoint | None = None


class EventAccess(msgspec.Struct, frozen=True):
    """Who may see an event, blocks apart. `is_open`: its visibility is `public`."""

    is_open: bool
    is_visible: bool


class EventRevision(msgspec.Struct, frozen=True):
    """How often an event was changed since it was created, and when last."""

    number: int
    updated_at: datetime


class Attendee(msgspec.Struct, frozen=True):
    """A user of the lists of an event: who responded, waits for a place, was invited, or is a host."""

    event_id: str
    user_id: str


class InviteKey(msgspec.Struct, frozen=True):
    event_id: str
    user_id: str
    inviter_id: str


BlockedPair = tuple[str, str]
"""Two users, one of whom blocked the other, in any order."""


class EventStore(Protocol):
    """Events.

    A viewer sees public events. Those of visibility `invited` are visible to their hosts, and to users who
    were invited, answered, asked or wait. Blocks are applied by the caller.

    A repeated idempotency key returns the first result. If the digest differs, the method raises `Conflict`:
    `idempotency_keys`.
    """

    async def create(self, event: NewEvent, idempotency_key: IdempotencyKey | None) -> str:
        """Create an event and return its id."""

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[EventRecord]:
        """Return those of the events that the viewer sees, in no particular order."""

    async def find_for_all(self, ids: Sequence[str]) -> list[EventRecord]:
        """Return those of the events that exist, without what depends on a viewer.

        The caller decides who gets them.
        """

    async def search(
        self,
        criteria: EventSearchCriteria,
        after: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[EventRecord]:
        """Return events that match `criteria`, ordered by start, soonest first. Raises `QueryTimeout`."""

    async def find_hidden(self, event_id: str, viewer_id: str) -> EventRecord | None:
        """Return an event that moderators have hidden. The caller checks who may see it."""

    async def get_creator_id(self, event_id: str) -> str | None: ...

    async def get_access(self, event_id: str, viewer_id: str) -> EventAccess | None:
        """Return what a viewer may see of an event; None if it does not exist."""

    async def find_revisions(self, ids: Sequence[str]) -> Mapping[str, EventRevision]:
        """Return the revisions of those of the events that exist, by id."""

    async def list_going(self, user_id: str, ended_after: datetime, limit: int) -> list[str]:
        """Return ids of the events that a user goes to and that end after a time, by start.

        Of more than `limit` the nearest: the soonest that have not ended, then the latest others.
        """

    async def change(self, event_id: str, change: EventChange, actor_id: str | None = None) -> None:
        """Change an event. Before its start, places added by a larger capacity go to the waitlist in order.

        The domain event names `actor_id`, or the creator if None.

        Raises:
            Missing: the event does not exist.
            Conflict: `events_capacity` (capacity below the places taken), `events_end_after_start` (also on
                the wall clock of the time zone).
        """

    async def delete(self, event_id: str, creator_id: str) -> bool: ...

    async def invite(
        self, event_id: str, inviter_id: str, user_ids: Sequence[str], idempotency_key: IdempotencyKey | None
    ) -> None: ...

    async def invites_among(self, invites: Sequence[InviteKey]) -> set[InviteKey]:
        """Return those of the invites that exist, to events that are not cancelled. One round trip."""

    async def remove_user(self, user_id: str) -> None:
        """Delete all rows of a deleted user. Freed places go to the waitlist in order. Idempotent.

        Once the user cache has the user as deleted, writes that would add a row of the user raise `Conflict`:
        `users_deleted`.
        """


class RsvpStore(Protocol):
    """RSVPs. `going_count` counts users who go and their guests, and does not exceed `capacity`.

    The waitlist is first in, first out: freed places go to the first user who fits into them with all guests.
    """

    async def set_rsvp(
        self,
        event_id: str,
        user_id: str,
        status: str,
        *,
        waitlist: bool,
        guests: int | None = None,
        reminders: Sequence[int] | None = None,
    ) -> RsvpState:
        """Set a user's RSVP and return it. Guests and reminders that are None stay as they were.

        Until the start, freed places go to the waitlist, in the same transaction. After it, a free place goes
        to the first user who asks, waiting or not. `GOING` becomes PENDING where the hosts decide who goes,
        unless the user is a host or was invited by one.

        Raises:
            Missing: the event does not exist, the user does not see it, or there is a block between the user
                and a host.
            Conflict: `event.cancelled`; `event.past`; `event.full` (too few free places, or a waiting user
                fits into them) unless `waitlist`; `removed` (by a host). More guests of a user who goes do
                not wait: `event.full`.
        """

    async def delete_rsvp(self, event_id: str, user_id: str) -> RsvpState:
        """Delete a user's RSVP, waitlist entry and request. Raises `Missing`."""

    async def remove_attendee(self, event_id: str, user_id: str) -> None:
        """Delete what a user holds of an event: RSVP, waitlist entry, request, invites. Raises `Missing`.

        The user cannot respond again until a host invites them.
        """

    async def get_rsvp(self, event_id: str, user_id: str) -> RsvpState: ...

    async def rsvps_among(self, attendees: Sequence[Attendee]) -> Mapping[Attendee, RsvpSummary]:
        """Return the RSVPs, also without an answer, to those of the events that exist and are not hidden.

        One round trip.
        """

    async def get_details(self, event_id: str, user_id: str) -> RsvpDetails: ...

    async def get_times(self, event_id: str, user_id: str) -> RsvpTimes: ...

    async def page_rsvps(
        self,
        event_id: str,
        status: str | None,
        after: PageKey | None,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[RsvpRecord]:
        """Return RSVPs ordered by (answered_at, user id), oldest first."""

    async def list_co_attendees(self, user_id: str, limit: int) -> Mapping[str, int]:
        """Return users who go to the same events as a user, with the number of these events."""


class EventBlockStore(Protocol):
    """A copy of the blocks between users, which RSVPs and promotions respect under the event's lock."""

    async def set_blocks(self, blocked: Sequence[BlockedPair], unblocked: Sequence[BlockedPair]) -> None:
        """Store that there is a block between these pairs, and none between those. Idempotent."""

    async def clear_blocks(self) -> None:
        """Delete the copy, before all blocks are copied again."""

    async def list_attendees(self, pairs: Sequence[BlockedPair], limit: int) -> list[Attendee]:
        """Return what the two users of each pair hold of each other's events."""

    async def remove_attendee(self, attendee: Attendee) -> None:
        """Delete what a user holds of an event; a freed place goes to the waitlist. Idempotent."""

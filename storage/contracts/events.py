"""The Event service's stores of events and of its copy of blocks. All methods raise `Unavailable`."""

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
    """`timezone` is an IANA name. `visibility` is `public` or `invited`; see `EventStore`."""

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
    """An event as one viewer sees it. `series_id` and `rrule` are those of its series, if it is in one.

    Only `EventStore.find_hidden` sets `hidden_at`.
    """

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


class NearPoint(msgspec.Struct, frozen=True):
    """A circle on the globe: degrees, and a radius in km."""

    latitude: float
    longitude: float
    km: float


class EventSearchCriteria(msgspec.Struct, frozen=True):
    """Search conditions; None omits one.

    An event ends at or after `ends_after`, and starts at or before `starts_before`. It matches `query_text`
    if each word of that is the prefix of a word of the title or description (`storage.search_words`).
    `relation` restricts the search to events that the viewer hosts (`hosting`), goes to (`going`), or is
    invited to and has not answered (`invited`).
    """

    category: str | None = None
    ends_after: datetime | None = None
    starts_before: datetime | None = None
    query_text: str | None = None
    relation: str | None = None
    near: NearPoint | None = None


class EventAccess(msgspec.Struct, frozen=True):
    """Whether the visibility of an event is `public`, and whether a viewer sees it; without blocks."""

    is_public: bool
    is_visible: bool


class EventRevision(msgspec.Struct, frozen=True):
    """How often an event was changed since it was created, and when last. RSVPs are no changes."""

    number: int
    updated_at: datetime


class Attendee(msgspec.Struct, frozen=True):
    """A user of the lists of an event: who responded, waits, asked to go, was invited, or is a host."""

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

    A viewer sees public events, and those of visibility `invited` as a host, or if the viewer was invited,
    answered, asked or waits; none that moderators have hidden. Where a method does not say otherwise, the
    caller applies blocks.

    A repeated idempotency key returns the first result. If the digest differs, the method raises `Conflict`:
    `idempotency_keys`.
    """

    async def create(self, event: NewEvent, idempotency_key: IdempotencyKey | None) -> str:
        """Create an event and return its id."""

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[EventRecord]:
        """Return those of the events that the viewer sees, in no particular order."""

    async def find_for_all(self, ids: Sequence[str]) -> list[EventRecord]:
        """Return those of the events that exist and are not hidden, without what depends on a viewer.

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
        """Return events that match `criteria`, ordered by (start, id), soonest first.

        Without those that one of the excluded users hosts; of events that the viewer hosts, without those
        that one of them created.

        Raises:
            QueryTimeout: the search took too long.
        """

    async def find_hidden(self, event_id: str, viewer_id: str) -> EventRecord | None:
        """Return an event that moderators have hidden. The caller checks who may see it."""

    async def get_creator_id(self, event_id: str) -> str | None: ...

    async def get_access(self, event_id: str, viewer_id: str) -> EventAccess | None:
        """Return whether a viewer sees an event; None if it does not exist."""

    async def find_revisions(self, ids: Sequence[str]) -> Mapping[str, EventRevision]:
        """Return the revisions of those of the events that exist, by id."""

    async def list_going(self, user_id: str, ended_after: datetime, limit: int) -> list[str]:
        """Return ids of the events that a user goes to and that end after a time, by start.

        Without hidden events. Of more than `limit`, those that have not ended come first, and of these and
        the others those whose start is nearest to now.
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
    ) -> None:
        """Invite users. A repeated invite gets a new time.

        If the inviter is a host, users whom a host removed can respond again.
        """

    async def invites_among(self, invites: Sequence[InviteKey]) -> set[InviteKey]:
        """Return those of the invites that exist, to events that are not cancelled or hidden.

        One round trip.
        """

    async def invisible_among(self, attendees: Sequence[Attendee]) -> set[Attendee]:
        """Return those of the users who do not see the event they are given with, also because of blocks.

        Without events that do not exist. The creator of a hidden event sees it.
        """

    async def remove_user(self, user_id: str) -> None:
        """Delete all rows of a deleted user. Freed places go to the waitlist in order. Idempotent.

        Once the user cache has the user as deleted, writes that would add a row of the user raise `Conflict`:
        `users_deleted`.
        """


class EventBlockStore(Protocol):
    """A copy of the blocks between users, which RSVPs and promotions respect under the event's lock."""

    async def set_blocks(self, blocked: Sequence[BlockedPair], unblocked: Sequence[BlockedPair]) -> None:
        """Store that there is a block between these pairs, and none between those. Idempotent."""

    async def clear_blocks(self) -> None:
        """Delete the copy, before all blocks are copied again."""

    async def list_attendees(self, pairs: Sequence[BlockedPair], limit: int) -> list[Attendee]:
        """Return what the users of the pairs hold of events that the other one hosts.

        An RSVP, waitlist entry, request or invite, or being a co-host. Of two hosts of one event, only the
        co-host of an event that the other created is returned. Waits for RSVPs to these events that may not
        have seen the blocks.
        """

    async def remove_attendee(self, attendee: Attendee) -> None:
        """Delete what a user holds of an event; a freed place goes to the waitlist. Idempotent."""

"""The Event service's store of RSVPs and waitlists. All methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.events import Attendee
from storage.contracts.paging import PageKey
from storage.contracts.user_cache import UserCardRecord


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
    """When a user's RSVP was last changed, and when a host of the event last invited the user.

    Milliseconds since the epoch; 0 without an RSVP or invite.
    """

    answered_at_ms: int = 0
    invited_at_ms: int = 0


class RsvpRecord(msgspec.Struct, frozen=True):
    """A row of an RSVP list, ordered by (answered_at, user id)."""

    user: UserCardRecord
    status: str
    answered_at: datetime
    guests: int = 0
    checked_in_at: datetime | None = None


class RsvpStore(Protocol):
    """RSVPs. `going_count` counts users who go and their guests, and does not exceed `capacity`.

    Freed places go to the first user of the waitlist who fits into them with all guests.
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
            Conflict: `event.cancelled`; `event.past`: it has ended; `event.full`: too few free places, or
                before the start others wait; with `waitlist` the user waits instead, but not for more guests
                of a user who goes; `removed`: by a host; `guests_not_accepted`: more than a host has
                accepted.
        """

    async def delete_rsvp(self, event_id: str, user_id: str) -> RsvpState:
        """Delete a user's RSVP, waitlist entry and request; freed places go to the waitlist.

        Raises:
            Missing: the event does not exist.
        """

    async def remove_attendee(self, event_id: str, user_id: str) -> None:
        """Delete what a user holds of an event: RSVP, waitlist entry, request, invites, being a co-host.

        A user who held something cannot respond again until a host invites them.

        Raises:
            Missing: the event does not exist.
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
        """Return RSVPs with a status, or all, ordered by (answered_at, user id), oldest first."""

    async def list_co_attendees(self, user_id: str, limit: int) -> Mapping[str, int]:
        """Return users who go to the same events as a user, with the number of these events.

        The most events first. Reads the `SUGGESTION_EVENTS_READ` events that the user answered last, and
        `limit` users of each.
        """

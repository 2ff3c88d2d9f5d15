"""The Event service's stores: events, RSVPs and waitlists. All methods raise `Unavailable`."""

from collections.abc import Sequence
from typing import Protocol

from storage.contracts.social import PageKey
from storage.records.events import (
    EventChange,
    EventRecord,
    EventSearchCriteria,
    NewEvent,
    RsvpRecord,
    RsvpState,
)
from storage.records.idempotency_key import IdempotencyKey


class EventStore(Protocol):
    """Events.

    A repeated idempotency key returns the first result. If the digest differs, the method raises `Conflict`:
    `idempotency_keys`.
    """

    async def create(self, event: NewEvent, idempotency_key: IdempotencyKey | None) -> str:
        """Create an event and return its id."""

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[EventRecord]:
        """Return those of the events that exist, in no particular order."""

    async def search(
        self,
        criteria: EventSearchCriteria,
        after: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[EventRecord]:
        """Return events that match `criteria`, ordered by start, soonest first."""

    async def get_creator_id(self, event_id: str) -> str | None: ...

    async def change(self, event_id: str, change: EventChange) -> None:
        """Change an event. Before its start, places added by a larger capacity go to the waitlist in order.

        Raises:
            Missing: the event does not exist.
            Conflict: `events_capacity` (capacity below the places taken), `events_end_after_start`.
        """

    async def delete(self, event_id: str, creator_id: str) -> bool: ...

    async def invite(
        self, event_id: str, inviter_id: str, user_ids: Sequence[str], idempotency_key: IdempotencyKey | None
    ) -> None: ...

    async def remove_user(self, user_id: str) -> None:
        """Delete all rows of a deleted user. Freed places go to the waitlist in order. Idempotent."""


class RsvpStore(Protocol):
    """RSVPs. `going_count` does not exceed `capacity`; the waitlist is first in, first out."""

    async def set_rsvp(self, event_id: str, user_id: str, status: str, *, waitlist: bool) -> RsvpState:
        """Set a user's RSVP and return it.

        Until the start, a freed place goes to the first user of the waitlist, in the same transaction.

        Raises:
            Missing: the event does not exist.
            Conflict: `event.past`; `event.full` (no free place, or users are waiting) unless `waitlist`.
        """

    async def delete_rsvp(self, event_id: str, user_id: str) -> RsvpState:
        """Delete a user's RSVP and waitlist entry. Raises `Missing`."""

    async def get_rsvp(self, event_id: str, user_id: str) -> RsvpState: ...

    async def page_rsvps(
        self,
        event_id: str,
        status: str | None,
        after: PageKey | None,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[RsvpRecord]:
        """Return RSVPs ordered by (answered_at, user id), oldest first."""

    async def list_users_to_notify(self, event_id: str, after: str, limit: int) -> list[str]:
        """Return ids of users to notify of changes to the event: ids greater than `after`, in order."""

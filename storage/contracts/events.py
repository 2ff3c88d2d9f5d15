"""The Event service's store: events, answers and the line for a place. All raise `Unavailable`."""

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
    """Under the same `Once` the first result is answered again, or `Conflict`: `idempotency_keys`."""

    async def create(self, event: NewEvent, idempotency_key: IdempotencyKey | None) -> str: ...

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[EventRecord]:
        """Those that are there, in no order."""

    async def search(
        self,
        criteria: EventSearchCriteria,
        after: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[EventRecord]:
        """By start, the soonest first."""

    async def get_creator_id(self, event_id: str) -> str | None: ...

    async def change(self, event_id: str, change: EventChange) -> None:
        """Change it; places that a raised capacity opens go to the first in line, unless it has begun.

        Raises:
            Missing: no such event.
            Conflict: `events_capacity` (fewer places than are taken), `events_end_after_start`.
        """

    async def delete(self, event_id: str, creator_id: str) -> bool: ...

    async def invite(
        self, event_id: str, inviter_id: str, user_ids: Sequence[str], idempotency_key: IdempotencyKey | None
    ) -> None: ...

    async def remove_user(self, user_id: str) -> None:
        """Drop everything of a deleted user; places go to the first in line. Repeatable."""


class RsvpStore(Protocol):
    """Answers. `going_count` never passes `capacity`; the line is first come, first served."""

    async def set_rsvp(self, event_id: str, user_id: str, status: str, *, waitlist: bool) -> RsvpState:
        """Answer for a user.

        A place that becomes free goes to the first in line in the same transaction, until the start.

        Raises:
            Missing: no such event.
            Conflict: `event.past`; `event.full` (no place, or others wait) unless `waitlist`.
        """

    async def delete_rsvp(self, event_id: str, user_id: str) -> RsvpState:
        """Take the answer back and leave the line. Raises `Missing`."""

    async def get_rsvp(self, event_id: str, user_id: str) -> RsvpState: ...

    async def page_rsvps(
        self,
        event_id: str,
        status: str | None,
        after: PageKey | None,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[RsvpRecord]:
        """The first first."""

    async def list_users_to_notify(self, event_id: str, after: str, limit: int) -> list[str]:
        """Who is to be told of changes: ids in order, behind that one."""

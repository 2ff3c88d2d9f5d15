"""Whom an event concerns, announcements to them, and who has arrived. All methods raise `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.rsvps import RsvpDetails, RsvpRecord


class AnnouncementRecord(msgspec.Struct, frozen=True):
    id: str
    event_id: str
    author_id: str
    content: str
    created_at: datetime


class AnnouncementRefused(Exception):  # noqa: N818 - named after the condition
    """The event had too many announcements within an hour; the next is possible after `retry_s`."""

    def __init__(self, retry_s: float) -> None:
        super().__init__(retry_s)
        self.retry_s = retry_s


class AttendanceStore(Protocol):
    async def announce(
        self, event_id: str, author_id: str, content: str, idempotency_key: IdempotencyKey | None
    ) -> AnnouncementRecord:
        """Store an announcement and publish it. A repeated idempotency key returns the first one.

        Raises:
            Missing: the event does not exist or is hidden, or the announcement of a repeat was deleted.
            AnnouncementRefused: the event had as many within an hour as the limits allow.
            Conflict: `idempotency_keys`: the key was used for another request.
        """

    async def list_audience(
        self, event_id: str, after: str, limit: int, *, with_invited: bool
    ) -> Sequence[str]:
        """Return ids of the users whom an event concerns: ids greater than `after`, in order.

        The hosts, and all who responded (other than NOT_GOING), wait or asked to go; `with_invited` also
        those who were invited and did not respond NOT_GOING. The caller applies blocks.
        """

    async def list_attendees(self, event_id: str, after: str, limit: int) -> Sequence[RsvpRecord]:
        """Return users who go, with ids greater than `after`, in order."""

    async def check_in(self, event_id: str, user_id: str) -> RsvpDetails | None:
        """Record that a user who goes has arrived. Idempotent: the first time stays.

        Returns the RSVP without reminders; None if the user does not go.
        """

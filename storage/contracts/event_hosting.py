"""Hosts of events and what they decide: co-hosts, requests, cancellation. All methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.events import Attendee
from storage.contracts.paging import PageKey
from storage.contracts.rsvps import RsvpRecord, RsvpState
from storage.contracts.user_cache import UserCardRecord


class EventDetails(msgspec.Struct, frozen=True):
    """Hosting of an event as one viewer sees it. `cohosts` are in the order they were added."""

    cohosts: tuple[UserCardRecord, ...] = ()
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    approval: bool = False
    is_pending: bool = False
    """Whether the viewer asked to go, and no host has decided yet."""
    my_guests: int = 0
    my_reminders: tuple[int, ...] | None = None
    """Minutes before the start; None without any, as of a viewer who does not go."""


class EventHosts(msgspec.Struct, frozen=True):
    """The hosts of an event; the first one is its creator. `is_hidden`: by moderators."""

    user_ids: tuple[str, ...]
    is_cancelled: bool = False
    is_hidden: bool = False

    @property
    def creator_id(self) -> str:
        return self.user_ids[0]


class EventHostStore(Protocol):
    async def find_details(self, event_ids: Sequence[str], viewer_id: str) -> Mapping[str, EventDetails]:
        """Return the hosting of those events that exist. One round trip."""

    async def get_hosts(self, event_id: str) -> EventHosts | None:
        """Return the hosts of an event; None if it does not exist."""

    async def hosts_among(self, attendees: Sequence[Attendee]) -> set[Attendee]:
        """Return those who are hosts of their events. Without events that are hidden. One round trip."""

    async def add_host(self, event_id: str, user_id: str) -> bool:
        """Make a user a co-host. Returns False if the user is a host already.

        Ends what users with a block between them and the new host hold of the event.

        Raises:
            Missing: the event does not exist, or there is a block between the user and one of its hosts.
            Conflict: `event.cancelled`; `event.hosts_full`: `EVENT_COHOSTS_MAX`; `removed`: a host removed
                the user from the event.
        """

    async def remove_host(self, event_id: str, user_id: str) -> bool:
        """End being a co-host; the RSVP stays. Returns whether the user was one."""

    async def cancel(self, event_id: str, user_id: str, reason: str | None) -> bool:
        """Cancel an event. Returns False if it was cancelled before, with the first reason kept.

        Raises:
            Missing: the event does not exist.
            Conflict: `event.past`: the event has ended.
        """


class RsvpRequestStore(Protocol):
    """Requests to go to an event whose hosts decide who goes. They hold no places."""

    async def page_requests(
        self, event_id: str, after: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[RsvpRecord]:
        """Return requests ordered by (time, user id), oldest first."""

    async def accept_request(self, event_id: str, user_id: str, host_id: str) -> RsvpState:
        """Let a user go, or wait if they chose to and the event is full.

        Idempotent: of a user who goes or waits already, the state is returned.

        Raises:
            Missing: the event or the request does not exist, or there is a block between the user and a
                host.
            Conflict: `event.cancelled`, `event.past`, `event.full`.
        """

    async def decline_request(self, event_id: str, user_id: str, host_id: str) -> bool:
        """Delete a request. Returns whether there was one."""

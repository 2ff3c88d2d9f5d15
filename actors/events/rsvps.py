"""RSVPs to events. The store assigns places and waitlist positions in one transaction. Stateless."""

from collections.abc import Callable

import msgspec

from actors.events.bodies import RsvpBody, validate_rsvp
from actors.events.check_in_codes import CheckInCodes
from actors.events.events import Events, event_not_found
from actors.events.serializers import to_rsvp
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.event_objects import Rsvp, RsvpStatus
from actors.protocol.objects import UserCard
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.paging import PageKey
from storage.contracts.rsvps import RsvpDetails, RsvpState, RsvpStore
from storage.errors import Conflict, Missing

NO_RSVP = RsvpState(None, None)
CONFLICT_DETAILS = {
    "event.cancelled": "The event was cancelled.",
    "event.past": "The event is over.",
    "event.full": "The event is full.",
    # The check constraint, in case a write bypassed the lock.
    "events_capacity": "The event is full.",
}


class Rsvps:
    def __init__(
        self,
        store: RsvpStore,
        events: Events,
        user_cards: UserCards,
        block_service: BlockService,
        check_in_codes: CheckInCodes,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._events = events
        self._user_cards = user_cards
        self._block_service = block_service
        self._check_in_codes = check_in_codes
        self._on_changed = on_changed

    async def get_rsvp(self, user: UserCard, event_id: str) -> Rsvp:
        """Return a user's own RSVP. A user who has one need not see the event."""
        details = await self._store.get_details(event_id, user.id)
        if details.state == NO_RSVP:
            await self._events.require_visible(user.id, event_id)
        return self._to_own_rsvp(event_id, user, details)

    async def set_rsvp(self, user: UserCard, event_id: str, body: RsvpBody) -> Rsvp:
        validate_rsvp(body)
        await self._events.require_visible(user.id, event_id)
        reminders = None if body.reminders is None else sorted(set(body.reminders), reverse=True)
        try:
            state = await self._store.set_rsvp(
                event_id,
                user.id,
                body.status.value,
                waitlist=body.waitlist,
                guests=body.guests,
                reminders=reminders,
            )
        except Missing:
            raise event_not_found() from None
        except Conflict as conflict:
            raise rsvp_conflict(conflict) from None
        self._on_changed()
        if body.status is not RsvpStatus.GOING:
            return to_rsvp(event_id, user, state, ())
        details = await self._store.get_details(event_id, user.id)
        return self._to_own_rsvp(event_id, user, msgspec.structs.replace(details, state=state))

    async def delete_rsvp(self, user: UserCard, event_id: str) -> Rsvp:
        """Withdraw an RSVP and leave the waitlist. A user with either need not see the event."""
        if await self._store.get_rsvp(event_id, user.id) == NO_RSVP:
            await self._events.require_visible(user.id, event_id)
        try:
            state = await self._store.delete_rsvp(event_id, user.id)
        except Missing:
            raise event_not_found() from None
        self._on_changed()
        return to_rsvp(event_id, user, state, ())

    async def remove_attendee(self, user_id: str, event_id: str, attendee_id: str) -> None:
        """Remove an attendee, as a host, until a host invites them.

        Idempotent. The host need not be able to see the attendee.
        """
        hosts = await self._events.require_host(user_id, event_id)
        if attendee_id == user_id:
            raise invalid_field("user_id", "You cannot remove yourself. Withdraw your RSVP instead.")
        if attendee_id in hosts.user_ids:
            raise invalid_field("user_id", "Hosts cannot be removed from the attendees.")
        try:
            await self._store.remove_attendee(event_id, attendee_id)
        except Missing:
            raise event_not_found() from None
        self._on_changed()

    async def page_rsvps(
        self, viewer_id: str, event_id: str, status: RsvpStatus | None, after: PageKey | None, limit: int
    ) -> KeysetPage[Rsvp]:
        hosts = await self._events.require_visible(viewer_id, event_id)
        is_host = viewer_id in hosts.user_ids
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        status_value = None if status is None else status.value
        records = await self._store.page_rsvps(event_id, status_value, after, blocked_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.answered_at, record.user.id))
        cards = await self._user_cards.for_records(record.user for record in page)
        return KeysetPage(
            [
                to_rsvp(
                    event_id,
                    cards[record.user.id],
                    RsvpState(record.status, None, record.guests),
                    checked_in_at=record.checked_in_at if is_host else None,
                )
                for record in page
            ],
            key,
        )

    def _to_own_rsvp(self, event_id: str, user: UserCard, details: RsvpDetails) -> Rsvp:
        is_going = details.state.status == RsvpStatus.GOING
        code = self._check_in_codes.create(event_id, user.id) if is_going else None
        return to_rsvp(event_id, user, details.state, details.reminders, details.checked_in_at, code)


def rsvp_conflict(conflict: Conflict) -> ApiError | Conflict:
    """Return the error for a refused RSVP."""
    if conflict.constraint == "removed":
        return ApiError("permission.denied", "A host has removed this user from the event.")
    if conflict.constraint == "guests_not_accepted":
        return ApiError("permission.denied", "A host has accepted fewer guests; withdraw, and ask again.")
    if conflict.constraint not in CONFLICT_DETAILS:
        return conflict
    code = "event.full" if conflict.constraint == "events_capacity" else conflict.constraint
    return ApiError(code, CONFLICT_DETAILS[conflict.constraint])

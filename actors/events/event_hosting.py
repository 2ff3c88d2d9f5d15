"""Co-hosts of events, and cancellation. Stateless.

A co-host may do what the creator may, except delete the event and change its hosts.
"""

from collections.abc import Callable

from actors.consent.consent import AdditionKind
from actors.consent.conversation_requests import ConversationRequests
from actors.events.bodies import Cancellation, validate_reason
from actors.events.events import Events, event_cancelled, event_not_found
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.event_objects import Event, RsvpStatus
from actors.social.social import user_not_found
from actors.user_cache.user_cards import UserCards
from storage.contracts.event_hosting import EventHostStore
from storage.contracts.rsvps import RsvpState, RsvpStore
from storage.errors import USERS_DELETED, Conflict, Missing

NO_RSVP = RsvpState(None, None)


class EventHosting:
    def __init__(
        self,
        store: EventHostStore,
        rsvps: RsvpStore,
        events: Events,
        user_cards: UserCards,
        requests: ConversationRequests,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._rsvps = rsvps
        self._events = events
        self._user_cards = user_cards
        self._requests = requests
        self._on_changed = on_changed

    async def add_host(self, user_id: str, event_id: str, host_id: str) -> None:
        """Make a user a co-host, as the creator. Idempotent.

        A user who has not responded to the event must allow to be invited by the creator.
        """
        hosts = await self._events.require_creator(user_id, event_id)
        if host_id in hosts.user_ids:
            return
        await self._user_cards.get(host_id)
        # A user who does not see an event for invited users sees it as a host.
        if await self._events.is_hidden_by_host(host_id, hosts.user_ids):
            raise user_not_found()
        rsvp = await self._rsvps.get_rsvp(event_id, host_id)
        if rsvp == NO_RSVP or rsvp.status == RsvpStatus.NOT_GOING:
            needed = await self._requests.check(user_id, [host_id], AdditionKind.INVITE)
            if needed.user_ids:
                raise ApiError("permission.denied", "The user must respond to the event first.")
        try:
            await self._store.add_host(event_id, host_id)
        except Missing:
            await self._events.require_creator(user_id, event_id)
            # The event exists: its store knows of a block that began or ended meanwhile.
            raise user_not_found() from None
        except Conflict as conflict:
            raise _host_conflict(conflict) from None
        self._on_changed()

    async def remove_host(self, user_id: str, event_id: str, host_id: str) -> None:
        """End being a co-host, as the creator, or as that co-host. Idempotent."""
        hosts = await self._events.require_host(user_id, event_id)
        if host_id == hosts.creator_id:
            raise invalid_field("user_id", "The creator is always a host.")
        if user_id not in {hosts.creator_id, host_id}:
            raise ApiError("permission.denied", "Only the creator of the event can do this.")
        if await self._store.remove_host(event_id, host_id):
            self._on_changed()

    async def cancel(self, user_id: str, event_id: str, body: Cancellation) -> Event:
        """Cancel an event, as a host. Idempotent: the first reason stays."""
        reason = validate_reason(body)
        await self._events.require_host(user_id, event_id)
        try:
            changed = await self._store.cancel(event_id, user_id, reason)
        except Missing:
            raise event_not_found() from None
        except Conflict as conflict:
            raise ApiError(conflict.constraint, "The event is over.") from None
        if changed:
            self._on_changed()
        return await self._events.get(user_id, event_id)


def _host_conflict(conflict: Conflict) -> ApiError | Conflict:
    match conflict.constraint:
        case "event.cancelled":
            return event_cancelled()
        case "event.hosts_full":
            return ApiError("event.hosts_full", "The event has the maximum number of co-hosts.")
        case "removed":
            return ApiError(
                "permission.denied", "This user was removed from the event. Invite the user first."
            )
        case constraint if constraint == USERS_DELETED:
            return user_not_found()
        case _:
            return conflict

"""Requests to go to events whose hosts decide who goes. Stateless."""

from collections.abc import Callable

from actors.events.events import Events
from actors.events.rsvps import rsvp_conflict
from actors.events.serializers import to_rsvp
from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError
from actors.protocol.event_objects import Rsvp
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.event_hosting import RsvpRequestStore
from storage.contracts.paging import PageKey
from storage.contracts.rsvps import RsvpState
from storage.errors import Conflict, Missing


class RsvpRequests:
    def __init__(
        self,
        store: RsvpRequestStore,
        events: Events,
        user_cards: UserCards,
        block_service: BlockService,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._events = events
        self._user_cards = user_cards
        self._block_service = block_service
        self._on_changed = on_changed

    async def page(self, host_id: str, event_id: str, after: PageKey | None, limit: int) -> KeysetPage[Rsvp]:
        """Return requests, oldest first, to a host."""
        await self._events.require_host(host_id, event_id)
        blocked_ids = await self._block_service.list_blocked_users(host_id)
        records = await self._store.page_requests(event_id, after, blocked_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.answered_at, record.user.id))
        cards = await self._user_cards.for_records(record.user for record in page)
        return KeysetPage(
            [
                to_rsvp(event_id, cards[record.user.id], RsvpState(record.status, None, record.guests))
                for record in page
            ],
            key,
        )

    async def accept(self, host_id: str, event_id: str, user_id: str) -> Rsvp:
        """Let a user go, as a host; a user who chose to waits if the event is full. Idempotent."""
        await self._events.require_host(host_id, event_id)
        try:
            state = await self._store.accept_request(event_id, user_id, host_id)
        except Missing:
            raise _request_not_found() from None
        except Conflict as conflict:
            raise rsvp_conflict(conflict) from None
        self._on_changed()
        return to_rsvp(event_id, await self._user_cards.get(user_id), state)

    async def decline(self, host_id: str, event_id: str, user_id: str) -> None:
        """Decline a request, as a host. The user may ask again."""
        await self._events.require_host(host_id, event_id)
        if not await self._store.decline_request(event_id, user_id, host_id):
            raise _request_not_found()
        self._on_changed()


def _request_not_found() -> ApiError:
    return ApiError("rsvp_request.not_found", "No such request.")

"""Answers to events. Who gets a place is the store's to decide, in one transaction. Never holds state."""

from collections.abc import Callable

from actors.events.events import Events, no_event
from actors.people.people import People
from actors.people.slice import Slice, cut
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Rsvp, RsvpStatus
from actors.social.relations import Relations
from storage.contracts.events import RsvpStore
from storage.contracts.social import PageKey
from storage.errors import Conflict, Missing
from storage.records.events import RsvpState

CONFLICTS = {
    "event.past": "The event is over.",
    "event.full": "There is no place left.",
    # The fence behind the look: somebody wrote past the lock.
    "events_capacity": "There is no place left.",
}


class Rsvps:
    def __init__(
        self,
        store: RsvpStore,
        events: Events,
        people: People,
        relations: Relations,
        changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._events = events
        self._people = people
        self._relations = relations
        self._changed = changed

    async def answer(self, user: UserCard, event_id: str, status: RsvpStatus, *, waitlist: bool) -> Rsvp:
        await self._events.need_sight(user.id, event_id)
        try:
            state = await self._store.set_rsvp(event_id, user.id, status.value, waitlist=waitlist)
        except Missing:
            raise no_event() from None
        except Conflict as conflict:
            if conflict.constraint not in CONFLICTS:
                raise
            code = "event.full" if conflict.constraint == "events_capacity" else conflict.constraint
            raise ApiError(code, CONFLICTS[conflict.constraint]) from None
        self._changed()
        return _shown(event_id, user, state)

    async def withdraw(self, user: UserCard, event_id: str) -> Rsvp:
        await self._events.need_sight(user.id, event_id)
        try:
            state = await self._store.delete_rsvp(event_id, user.id)
        except Missing:
            raise no_event() from None
        self._changed()
        return _shown(event_id, user, state)

    async def page(
        self, viewer_id: str, event_id: str, status: RsvpStatus | None, after: PageKey | None, limit: int
    ) -> Slice[Rsvp]:
        await self._events.need_sight(viewer_id, event_id)
        hidden = await self._relations.hidden(viewer_id)
        wanted = None if status is None else status.value
        found = await self._store.page_rsvps(event_id, wanted, after, hidden, limit + 1)
        page, key = cut(found, limit, lambda record: (record.answered_at, record.user.id))
        cards = await self._people.shown(record.user for record in page)
        return Slice(
            [Rsvp(event_id, cards[record.user.id], RsvpStatus(record.status), None) for record in page], key
        )


def _shown(event_id: str, user: UserCard, state: RsvpState) -> Rsvp:
    status = None if state.status is None else RsvpStatus(state.status)
    return Rsvp(event_id, user, status, state.waitlist_position)

"""Events: made, found, changed, and people invited.

Only the creator changes one. Between two people with a block each other's events do not exist. Never holds
state.
"""

from collections.abc import Callable, Sequence

from actors.events import rendering
from actors.events.requests import EventBody, EventPatch, ends_early, event_change, new_event
from actors.people.people import People
from actors.people.slice import Slice, cut
from actors.posts.posts import used_otherwise
from actors.protocol.errors import ApiError
from actors.protocol.social_objects import Event
from actors.social.relations import Relations
from storage.contracts.events import EventStore
from storage.contracts.social import PageKey
from storage.errors import Conflict, Missing
from storage.records.events import EventChange, EventRecord, EventSearchCriteria
from storage.records.idempotency_key import IdempotencyKey


class Events:
    def __init__(
        self, store: EventStore, people: People, relations: Relations, changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._people = people
        self._relations = relations
        self._changed = changed

    async def create(self, creator_id: str, body: EventBody, once: IdempotencyKey | None) -> Event:
        event = new_event(creator_id, body)
        try:
            event_id = await self._store.create(event, once)
        except Conflict as conflict:
            raise used_otherwise(conflict) from None
        self._changed()
        return await self.get(creator_id, event_id)

    async def get(self, viewer_id: str, event_id: str) -> Event:
        found = await self._store.find([event_id], viewer_id)
        if not found or await self._relations.apart(viewer_id, found[0].creator.id):
            raise no_event()
        return (await self.shown(found))[0]

    async def search(
        self, viewer_id: str, search: EventSearchCriteria, after: PageKey | None, limit: int
    ) -> Slice[Event]:
        hidden = await self._relations.hidden(viewer_id)
        found = await self._store.search(search, after, viewer_id, hidden, limit + 1)
        page, key = cut(found, limit, lambda record: (record.start, record.id))
        return Slice(await self.shown(page), key)

    async def change(self, user_id: str, event_id: str, patch: EventPatch) -> Event:
        change = event_change(patch)
        await self._need_creator(user_id, event_id)
        if change != EventChange():
            try:
                await self._store.change(event_id, change)
            except Missing:
                raise no_event() from None
            except Conflict as conflict:
                raise _refused(conflict) from None
            self._changed()
        return await self.get(user_id, event_id)

    async def delete(self, user_id: str, event_id: str) -> None:
        await self._need_creator(user_id, event_id)
        if not await self._store.delete(event_id, user_id):
            raise no_event()
        self._changed()

    async def invite(
        self, user_id: str, event_id: str, user_ids: Sequence[str], once: IdempotencyKey | None
    ) -> None:
        """Invite people who exist for the caller; anybody who sees an event may."""
        await self.need_sight(user_id, event_id)
        known = await self._people.known(user_ids)
        hidden = set(await self._relations.hidden(user_id))
        if any(one not in known or one in hidden for one in user_ids):
            raise ApiError("user.not_found", "Not all of these users exist.")
        others = [one for one in dict.fromkeys(user_ids) if one != user_id]
        try:
            await self._store.invite(event_id, user_id, others, once)
        except Conflict as conflict:
            if conflict.constraint == "event_invites_event_id_fkey":
                raise no_event() from None
            raise used_otherwise(conflict) from None
        self._changed()

    async def sees(self, viewer_id: str, event_id: str) -> bool:
        creator_id = await self._store.get_creator_id(event_id)
        return creator_id is not None and not await self._relations.apart(viewer_id, creator_id)

    async def need_sight(self, viewer_id: str, event_id: str) -> None:
        """Refuse where there is no such event for the viewer."""
        if not await self.sees(viewer_id, event_id):
            raise no_event()

    async def _need_creator(self, user_id: str, event_id: str) -> None:
        await self.need_sight(user_id, event_id)
        if await self._store.get_creator_id(event_id) != user_id:
            raise ApiError("permission.denied", "Only its creator changes an event.")

    async def shown(self, records: Sequence[EventRecord]) -> list[Event]:
        cards = await self._people.shown(record.creator for record in records)
        return [rendering.event(record, cards) for record in records]


def _refused(conflict: Conflict) -> ApiError | Conflict:
    match conflict.constraint:
        case "events_capacity":
            return ApiError("event.capacity_below_going", "More people are going than that.")
        case "events_end_after_start":
            return ends_early()
        case _:
            return conflict


def no_event() -> ApiError:
    return ApiError("event.not_found", "No such event.")

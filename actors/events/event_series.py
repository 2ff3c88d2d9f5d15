"""Creates series of events, and changes or deletes several events of a series.

    store -> plan the change of all events -> store it, unless the series changed since

Each event of a series is an event like others, with its own RSVPs and conversation. Stateless.
"""

from collections.abc import Callable
from enum import StrEnum

from actors.events.bodies import EventBody, EventPatch, to_event_change, to_new_event
from actors.events.events import Events, event_conflict, event_not_found
from actors.events.series_plan import plan_change, plan_deletion, plan_series
from actors.posts.posts import idempotency_conflict
from actors.protocol.errors import ApiError, invalid_field, unavailable
from actors.protocol.event_objects import Event
from storage.contracts.event_series import EventSeriesStore, SeriesEvent, SeriesRecord
from storage.contracts.events import EventChange
from storage.contracts.idempotency import IdempotencyKey
from storage.errors import Conflict, Missing

ATTEMPTS = 5
"""Times that a change is planned again because the series has changed."""


class SeriesScope(StrEnum):
    """Which events of a series a request is for. A change of several leaves out those that have ended."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"


class EventSeriesEditor:
    def __init__(self, store: EventSeriesStore, events: Events, on_changed: Callable[[], None]) -> None:
        self._store = store
        self._events = events
        self._on_changed = on_changed

    async def create(self, creator_id: str, body: EventBody, idempotency_key: IdempotencyKey | None) -> Event:
        """Create an event, or with `rrule` a series. Returns the first event."""
        if body.rrule is None:
            if body.count is not None:
                raise invalid_field("count", "Is only possible with `rrule`.")
            return await self._events.create(creator_id, body, idempotency_key)
        event = to_new_event(creator_id, body)
        rule, times = plan_series(event, body.rrule, body.count)
        try:
            event_id = await self._store.create(event, rule, times, idempotency_key)
        except Conflict as conflict:
            raise idempotency_conflict(conflict) from None
        self._on_changed()
        return await self._events.get(creator_id, event_id)

    async def update(self, user_id: str, event_id: str, patch: EventPatch, scope: SeriesScope) -> Event:
        """Change an event, or several of its series. Returns the event."""
        if scope is SeriesScope.ONE:
            return await self._events.update(user_id, event_id, patch)
        change = to_event_change(patch)
        for _ in range(ATTEMPTS):
            await self._events.require_host(user_id, event_id)
            found = await self._find(user_id, event_id)
            if found is None:
                return await self._events.update(user_id, event_id, patch)
            # Co-hosts are hosts of single events.
            await self._events.require_creator(user_id, event_id)
            if change == EventChange():
                break
            series, _, events = found
            is_following = scope is SeriesScope.FOLLOWING
            plan = plan_change(series, events, event_id, change, is_following=is_following)
            try:
                await self._store.change(series, plan)
            except Missing:
                continue
            except Conflict as conflict:
                if conflict.constraint != "series_changed":
                    raise event_conflict(conflict) from None
                continue
            self._on_changed()
            break
        else:
            raise _too_many_changes()
        return await self._events.get(user_id, event_id)

    async def delete(self, user_id: str, event_id: str, scope: SeriesScope) -> None:
        """Delete an event, the event and those after it in its series, or all events of the series.

        As its creator, also if moderators have hidden some of them.
        """
        if scope is SeriesScope.ONE:
            await self._events.delete(user_id, event_id)
            return
        for _ in range(ATTEMPTS):
            await self._events.require_deletable(user_id, event_id)
            found = await self._find(user_id, event_id)
            if found is None:
                await self._events.delete(user_id, event_id)
                return
            series, event, events = found
            if scope is SeriesScope.FOLLOWING:
                events = [one for one in events if one.occurrence >= event.occurrence]
            try:
                await self._store.delete(series, [one.id for one in events], plan_deletion(series, event))
            except Conflict as conflict:
                if conflict.constraint != "series_changed":
                    raise
                continue
            self._on_changed()
            return
        raise _too_many_changes()

    async def _find(
        self, user_id: str, event_id: str
    ) -> tuple[SeriesRecord, SeriesEvent, list[SeriesEvent]] | None:
        """Return the event with its series and all events of it; None if it belongs to none."""
        event = await self._events.get(user_id, event_id)
        if event.series is None:
            return None
        # The series first: if it changes before the events are read, the change is refused.
        series = await self._store.get(event.series.id)
        events = await self._store.list_events(event.series.id)
        found = next((one for one in events if one.id == event_id), None)
        if series is None or found is None:
            raise event_not_found()
        return series, found, events


def _too_many_changes() -> ApiError:
    return unavailable("The series is changed by other requests; retry the request.")

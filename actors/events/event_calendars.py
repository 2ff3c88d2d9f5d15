"""Calendar files of an event with its series, and of all events that a user goes to. Stateless."""

import asyncio
from datetime import UTC, datetime, timedelta

from actors.events.calendar import CalendarWriter
from actors.events.events import Events, event_not_found
from config.limits import CALENDAR_DAYS_BACK, CALENDAR_EVENTS_MAX
from storage.contracts.event_series import EventSeriesStore
from storage.contracts.events import EventStore

CALENDAR_NAME = "Convene"


class EventCalendars:
    def __init__(
        self, store: EventStore, series: EventSeriesStore, events: Events, writer: CalendarWriter
    ) -> None:
        self._store = store
        self._series = series
        self._events = events
        self._writer = writer

    async def get_calendar(self, viewer_id: str, event_id: str) -> str:
        """Return an event, or the series that it belongs to, in iCalendar format.

        A series contains the events that the viewer sees. Raises `ApiError` (event.not_found).
        """
        # Read before the event: a revision that is too old is corrected by the next request.
        revisions = await self._store.find_revisions([event_id])
        event = await self._events.get(viewer_id, event_id)
        if event.hidden_at is not None:
            raise event_not_found()
        series = None if event.series is None else await self._series.get(event.series.id)
        if series is None:
            if event_id not in revisions:
                raise event_not_found()
            return self._writer.write_event(event, revisions[event_id])
        series_events = {event.id: event for event in await self._series.list_events(series.id)}
        visible = await self._events.find_visible(viewer_id, list(series_events))
        entries = [(event, series_events[event.id]) for event in visible]
        if not entries:
            raise event_not_found()
        return await asyncio.to_thread(self._writer.write_series, series, entries)

    async def get_user_calendar(self, user_id: str) -> str:
        """Return the events that a user goes to, and sees, in iCalendar format.

        Contains those that ended within `CALENDAR_DAYS_BACK` days, and later ones. If there are more than
        `CALENDAR_EVENTS_MAX`, it contains the next ones, then the latest past ones.
        """
        ended_after = datetime.now(UTC) - timedelta(days=CALENDAR_DAYS_BACK)
        event_ids = await self._store.list_going(user_id, ended_after, CALENDAR_EVENTS_MAX)
        revisions = await self._store.find_revisions(event_ids)
        events = await self._events.find_visible(user_id, event_ids)
        entries = [(event, revisions[event.id]) for event in events if event.id in revisions]
        # In a thread: writing many events would delay other requests.
        return await asyncio.to_thread(self._writer.write_events, entries, CALENDAR_NAME)

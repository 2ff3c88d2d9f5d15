"""Series of events: events at the times of a recurrence rule. All methods raise `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.events import EventChange, NewEvent
from storage.contracts.idempotency import IdempotencyKey


class SeriesRule(msgspec.Struct, frozen=True):
    """A recurrence rule (RFC 5545), and its first time on the wall clock of `timezone`."""

    rrule: str
    timezone: str
    start_local: datetime


class SeriesRecord(msgspec.Struct, frozen=True):
    """`revision` counts changes of the series and of its events; `updated_at` is the time of the last one."""

    id: str
    creator_id: str
    rule: SeriesRule
    revision: int
    updated_at: datetime


class SeriesEvent(msgspec.Struct, frozen=True):
    """An event of a series. `occurrence` is the local time that the rule gives it, also if it was moved.

    `is_closed`: it has ended, or moderators have hidden it; changes of the series leave it as it is.
    """

    id: str
    occurrence: datetime
    start: datetime
    end: datetime
    timezone: str
    revision: int
    updated_at: datetime
    is_closed: bool


class SeriesEventChange(msgspec.Struct, frozen=True):
    """`occurrence` is the new one."""

    event_id: str
    change: EventChange
    occurrence: datetime


class SeriesChange(msgspec.Struct, frozen=True):
    """A change of events of a series.

    `rule` becomes the rule of the series. With `split_rule` the changed events move to a new series, which
    has that rule.
    """

    changes: Sequence[SeriesEventChange]
    rule: SeriesRule
    split_rule: SeriesRule | None = None


class EventSeriesStore(Protocol):
    async def create(
        self,
        event: NewEvent,
        rule: SeriesRule,
        times: Sequence[tuple[datetime, datetime, datetime]],
        idempotency_key: IdempotencyKey | None,
    ) -> str:
        """Create a series and an event like `event` at each of `times`: (occurrence, start, end).

        Atomic. Returns the id of the first event. Idempotency keys work as in `EventStore`.
        """

    async def get(self, series_id: str) -> SeriesRecord | None: ...

    async def list_events(self, series_id: str) -> list[SeriesEvent]:
        """Return the events of a series, ordered by their occurrence."""

    async def change(self, series: SeriesRecord, change: SeriesChange) -> None:
        """Change events of a series. Atomic.

        Raises:
            Conflict: `series_changed` (since `series` was read, retry), and those of `EventStore.change`.
            Missing: an event was deleted.
        """

    async def delete(self, series: SeriesRecord, event_ids: Sequence[str], rule: SeriesRule) -> None:
        """Delete events; `rule` becomes the rule of the series. A series without events is deleted. Atomic.

        Raises:
            Conflict: `series_changed` since `series` was read; retry.
        """

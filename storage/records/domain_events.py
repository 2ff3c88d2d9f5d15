"""Domain events and cursors.

A feed is ordered by (xid, id): by the start of the transaction, then by the order of its inserts.
"""

from datetime import datetime

import msgspec


class OutboxEvent(msgspec.Struct, frozen=True):
    """A published domain event. `payload` is JSON; `key` identifies the object it is about."""

    id: int
    xid: int
    key: str
    type: str
    payload: bytes
    created_at: datetime


class OutboxSource(msgspec.Struct, frozen=True):
    """Identity of a producer's database, and its highest event id. A restored database has a new `name`."""

    name: str
    last_id: int


class Cursor(msgspec.Struct, frozen=True):
    """A position in a feed: all events up to here have been handled."""

    source: str
    xid: int = 0
    id: int = 0


class CursorUpdate(msgspec.Struct, frozen=True):
    """Advances a consumer's cursor, in the transaction of the effect of the events in between."""

    consumer: str
    before: Cursor
    after: Cursor


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that a consumer failed to handle. `reason` is the error's type, not its text."""

    id: int
    consumer: str
    event: OutboxEvent
    reason: str

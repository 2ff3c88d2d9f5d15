"""Events that services tell each other, and up to where each has been heard. Never decides an order.

The order of a feed is that of (xid, id): transactions as they began, each one's events as they were written.
"""

from datetime import datetime

import msgspec


class OutboxEvent(msgspec.Struct, frozen=True):
    """Something that happened in a service. `payload` is JSON; `key` says what it happened to."""

    id: int
    xid: int
    key: str
    type: str
    payload: bytes
    created_at: datetime


class OutboxSource(msgspec.Struct, frozen=True):
    """One history of one database, and the highest number it has given out."""

    name: str
    last_id: int


class Cursor(msgspec.Struct, frozen=True):
    """A place in a feed: all events up to here have been heard."""

    source: str
    xid: int = 0
    id: int = 0


class CursorUpdate(msgspec.Struct, frozen=True):
    """A consumer's way from one place to the next, taken with the effect of what lies between."""

    consumer: str
    before: Cursor
    after: Cursor


class DeadLetter(msgspec.Struct, frozen=True):
    """An event that a consumer could not take. `reason` is the kind of the failure, never its words."""

    id: int
    consumer: str
    event: OutboxEvent
    reason: str

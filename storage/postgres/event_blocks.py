"""The Event service's copy of blocks in PostgreSQL. RSVP functions read it under the event's lock."""

from collections.abc import Iterable, Sequence

from storage.contracts.events import Attendee, BlockedPair
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "events"
LOCKED_EVENTS_MAX = 1000
CLEARED_ROWS = 5000
"""Rows that a statement deletes where all have to be: it has a time limit."""


class PostgresEventBlocks:
    """Implements `storage.contracts.events.EventBlockStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "blocks", "block_insert")
        self._delete = load_statement(SERVICE, "blocks", "block_delete")
        self._clear = load_statement(SERVICE, "blocks", "block_clear")
        self._wait_for_rsvps = load_statement(SERVICE, "blocks", "event_lock_wait")
        self._attendees = load_statement(SERVICE, "blocks", "attendee_of_blocked_list")
        self._remove_attendee = load_statement(SERVICE, "blocks", "blocked_attendee_remove")

    async def set_blocks(self, blocked: Sequence[BlockedPair], unblocked: Sequence[BlockedPair]) -> None:
        if blocked:
            await self._pool.write(self._insert, *_columns(blocked))
        if unblocked:
            await self._pool.write(self._delete, *_columns(unblocked))

    async def clear_blocks(self) -> None:
        await self._pool.write_until_none(self._clear, CLEARED_ROWS)

    async def list_attendees(self, pairs: Sequence[BlockedPair], limit: int) -> list[Attendee]:
        if not pairs:
            return []
        user_ids = {user_id for pair in pairs for user_id in pair}
        await self._pool.write(self._wait_for_rsvps, to_uuids(sorted(user_ids)), LOCKED_EVENTS_MAX)
        rows = await self._pool.rows(self._attendees, *_columns(pairs), limit)
        return [Attendee(str(row["event_id"]), str(row["user_id"])) for row in rows]

    async def remove_attendee(self, attendee: Attendee) -> None:
        await self._pool.write(self._remove_attendee, to_uuid(attendee.event_id), to_uuid(attendee.user_id))


def _columns(pairs: Iterable[BlockedPair]) -> tuple[list[object], list[object]]:
    ordered = sorted(set(pairs))
    return [*to_uuids(one for one, _ in ordered)], [*to_uuids(other for _, other in ordered)]

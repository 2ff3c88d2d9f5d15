"""The Event service's copy of blocks in PostgreSQL. RSVP functions read it under the event's lock."""

from collections.abc import Iterable, Sequence

from storage.contracts.events import BlockedPair, Guest
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "events"
REMOVAL_HOLDS = False
"""After an unblock the user can respond again."""


class PostgresEventBlocks:
    """Implements `storage.contracts.events.EventBlockStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._insert = load_statement(SERVICE, "blocks", "block_insert")
        self._delete = load_statement(SERVICE, "blocks", "block_delete")
        self._clear = load_statement(SERVICE, "blocks", "block_clear")
        self._guests = load_statement(SERVICE, "blocks", "guest_of_blocked_list")
        self._remove_guest = load_statement(SERVICE, "rsvps", "guest_remove")

    async def set_blocks(self, blocked: Sequence[BlockedPair], unblocked: Sequence[BlockedPair]) -> None:
        if blocked:
            await self._pool.write(self._insert, *_columns(blocked))
        if unblocked:
            await self._pool.write(self._delete, *_columns(unblocked))

    async def clear_blocks(self) -> None:
        await self._pool.write(self._clear)

    async def list_guests(self, pairs: Sequence[BlockedPair], limit: int) -> list[Guest]:
        if not pairs:
            return []
        rows = await self._pool.rows(self._guests, *_columns(pairs), limit)
        return [Guest(str(row["event_id"]), str(row["user_id"])) for row in rows]

    async def remove_guest(self, guest: Guest) -> None:
        await self._pool.write(
            self._remove_guest, to_uuid(guest.event_id), to_uuid(guest.user_id), REMOVAL_HOLDS
        )


def _columns(pairs: Iterable[BlockedPair]) -> tuple[list[object], list[object]]:
    ordered = sorted(set(pairs))
    return [*to_uuids(one for one, _ in ordered)], [*to_uuids(other for _, other in ordered)]

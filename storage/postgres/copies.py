"""A service's copies of people, in its own database. Never asks the User service."""

from collections.abc import Sequence

from storage.postgres.card_rows import copy_of
from storage.postgres.cursors import PostgresCursors
from storage.postgres.identity import FIRST_ID, id_of, ids_of
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.records.copies import UserCopy
from storage.records.sync import Step

SERVICE = "copies"


class PostgresUserCopies:
    """A `UserCopies`."""

    def __init__(self, pool: PostgresPool, cursors: PostgresCursors) -> None:
        self._pool = pool
        self._cursors = cursors
        self._upsert = load_statement(SERVICE, "copy_upsert")
        self._list = load_statement(SERVICE, "copy_list")
        self._page = load_statement(SERVICE, "copy_page")

    async def apply(self, copies: Sequence[UserCopy], step: Step | None) -> None:
        # A statement takes each row once, and always in the same order: the newest of each, by id.
        newest: dict[str, UserCopy] = {}
        for copy in sorted(copies, key=lambda one: (one.id, one.version)):
            newest[copy.id] = copy
        async with self._pool.transaction() as transaction:
            if newest:
                await transaction.rows(self._upsert, *_columns(list(newest.values())))
            await self._cursors.moved(transaction, step)

    async def find(self, ids: Sequence[str]) -> list[UserCopy]:
        wanted = ids_of(ids)
        return [copy_of(row) for row in await self._pool.rows(self._list, wanted)] if wanted else []

    async def page(self, after: str, limit: int) -> list[UserCopy]:
        rows = await self._pool.rows(self._page, id_of(after) or FIRST_ID, limit)
        return [copy_of(row) for row in rows]


def _columns(copies: Sequence[UserCopy]) -> list[list[object]]:
    return [
        [id_of(one.id) for one in copies],
        [one.username for one in copies],
        [one.display_name for one in copies],
        [one.avatar_url for one in copies],
        [one.verified for one in copies],
        [one.version for one in copies],
        [one.deleted for one in copies],
    ]

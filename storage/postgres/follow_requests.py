"""Private accounts and requests to follow them, in PostgreSQL."""

from collections.abc import Sequence

from storage.contracts.domain_events import CursorUpdate
from storage.contracts.follow_requests import AccountPrivacyChange, FollowRequestRecord
from storage.contracts.paging import PageKey
from storage.postgres.cursors import PostgresCursors
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids

SERVICE = "social"
ACCEPT_BATCH_ROWS = 100


class PostgresFollowRequests:
    """Implements `storage.contracts.follow_requests.FollowRequestStore`."""

    def __init__(self, pool: PostgresPool, cursors: PostgresCursors) -> None:
        self._pool = pool
        self._cursors = cursors
        self._page = load_statement(SERVICE, "follow_requests", "follow_request_page")
        self._accept = load_statement(SERVICE, "follow_requests", "follow_request_accept")
        self._list = load_statement(SERVICE, "follow_requests", "follow_request_list")
        self._delete = load_statement(SERVICE, "follow_requests", "follow_request_delete")
        self._filter = load_statement(SERVICE, "follow_requests", "follow_request_filter")
        self._set_private = load_statement(SERVICE, "follow_requests", "private_account_upsert")
        self._delete_private = load_statement(SERVICE, "follow_requests", "private_account_delete")
        self._public_requested = load_statement(SERVICE, "follow_requests", "public_requested_list")

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> list[FollowRequestRecord]:
        rows = await self._pool.rows(self._page, to_uuid(user_id), *page_before(before), limit)
        return [
            FollowRequestRecord(to_user_card(row, str(row["user_id"])), row["created_at"]) for row in rows
        ]

    async def accept(self, user_id: str, requester_id: str) -> bool:
        return bool(await self._pool.write(self._accept, to_uuid(user_id), to_uuids([requester_id])))

    async def accept_all(self, user_id: str) -> None:
        user_uuid = to_uuid(user_id)
        while rows := await self._pool.rows(self._list, user_uuid, ACCEPT_BATCH_ROWS):
            await self._pool.write(self._accept, user_uuid, [row["requester_id"] for row in rows])

    async def decline(self, user_id: str, requester_id: str) -> bool:
        return bool(await self._pool.write(self._delete, to_uuid(user_id), to_uuid(requester_id)))

    async def requests_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        if not pairs:
            return set()
        requester_ids, requested_ids = zip(*pairs, strict=True)
        rows = await self._pool.rows(self._filter, to_uuids(requester_ids), to_uuids(requested_ids))
        return {(str(row["requester_id"]), str(row["requested_id"])) for row in rows}

    async def set_private(
        self, changes: Sequence[AccountPrivacyChange], cursor_update: CursorUpdate | None
    ) -> None:
        latest: dict[str, AccountPrivacyChange] = {}
        for change in sorted(changes, key=lambda change: change.version):
            latest[change.user_id] = change
        stored = [change for change in latest.values() if change.private is not None]
        deleted_ids = [change.user_id for change in latest.values() if change.private is None]
        async with self._pool.transaction() as transaction:
            if stored:
                await transaction.rows(
                    self._set_private,
                    to_uuids(change.user_id for change in stored),
                    [change.private for change in stored],
                    [change.version for change in stored],
                )
            if deleted_ids:
                await transaction.rows(self._delete_private, to_uuids(deleted_ids))
            await self._cursors.advance_in(transaction, cursor_update)

    async def public_with_requests(self, user_ids: Sequence[str]) -> list[str]:
        rows = await self._pool.rows(self._public_requested, to_uuids(user_ids)) if user_ids else []
        return [str(row["user_id"]) for row in rows]

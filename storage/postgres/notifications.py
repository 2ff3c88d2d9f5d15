"""Notifications in PostgreSQL. That each source tells once, and each group counts, are its unique keys."""

from collections.abc import Iterator, Mapping, Sequence

import asyncpg

from storage.contracts.social import PageKey
from storage.postgres.cursors import PostgresCursors
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_card_rows import to_user_card
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids
from storage.records.domain_events import CursorUpdate
from storage.records.notifications import NewNotification, NotificationRecord, UndeliveredNotification

SERVICE = "notifications"


class PostgresNotifications:
    """A `NotificationStore`."""

    def __init__(self, pool: PostgresPool, cursors: PostgresCursors) -> None:
        self._pool = pool
        self._cursors = cursors
        self._upsert = load_statement(SERVICE, "notification_upsert")
        self._undelivered = load_statement(SERVICE, "notification_undelivered_list")
        self._mark_delivered = load_statement(SERVICE, "notification_mark_delivered")
        self._page = load_statement(SERVICE, "notification_page")
        self._count = load_statement(SERVICE, "notification_unread_counts")
        self._mark_read = load_statement(SERVICE, "notification_mark_read")
        self._mark_all_read = load_statement(SERVICE, "notification_mark_all_read")
        self._delete_between = load_statement(SERVICE, "notification_delete_between")
        self._delete_user_data = load_statement(SERVICE, "user_data_delete")

    async def add(self, notifications: Sequence[NewNotification], cursor_update: CursorUpdate | None) -> None:
        async with self._pool.transaction() as transaction:
            for some in _split_by_unique_key(notifications):
                await transaction.rows(self._upsert, *_columns(some))
            await self._cursors.advance_in(transaction, cursor_update)

    async def list_undelivered(self, limit: int) -> list[UndeliveredNotification]:
        rows = await self._pool.rows(self._undelivered, limit)
        return [UndeliveredNotification(_to_notification(row), row["unread_count"]) for row in rows]

    async def mark_delivered(self, notifications: Sequence[NotificationRecord]) -> None:
        known = sorted(notifications, key=lambda one: one.id)
        await self._pool.write(
            self._mark_delivered, to_uuids(one.id for one in known), [one.count for one in known]
        )

    async def page(
        self,
        recipient_id: str,
        before: PageKey | None,
        excluded_user_ids: Sequence[str],
        limit: int,
        *,
        unread_only: bool,
    ) -> list[NotificationRecord]:
        rows = await self._pool.rows(
            self._page,
            to_uuid(recipient_id),
            unread_only,
            to_uuids(excluded_user_ids),
            *page_before(before),
            limit,
        )
        return [_to_notification(row) for row in rows]

    async def unread_counts(self, recipient_ids: Sequence[str]) -> Mapping[str, int]:
        rows = await self._pool.rows(self._count, to_uuids(recipient_ids))
        return {str(row["recipient_id"]): row["count"] for row in rows}

    async def mark_read(self, recipient_id: str, notification_id: str) -> bool | None:
        rows = await self._pool.write(self._mark_read, to_uuid(recipient_id), to_uuid(notification_id))
        return bool(rows[0]["changed"]) if rows else None

    async def mark_all_read(self, recipient_id: str) -> int:
        return len(await self._pool.write(self._mark_all_read, to_uuid(recipient_id)))

    async def remove_between(self, user_id: str, other_user_id: str) -> Mapping[str, Sequence[str]]:
        gone: dict[str, list[str]] = {}
        for row in await self._pool.write(self._delete_between, to_uuid(user_id), to_uuid(other_user_id)):
            gone.setdefault(str(row["recipient_id"]), []).append(str(row["id"]))
        return gone

    async def remove_user(self, user_id: str) -> None:
        await self._pool.write(self._delete_user_data, to_uuid(user_id))


def _split_by_unique_key(notifications: Sequence[NewNotification]) -> Iterator[list[NewNotification]]:
    """Runs in which no two are about the same or of one source: a statement sees only what was before."""
    run: list[NewNotification] = []
    seen: set[tuple[str, str, str]] = set()
    for notice in notifications:
        keys = {
            (notice.recipient_id, "group", notice.group_key),
            (notice.recipient_id, "source", notice.source),
        }
        if not seen.isdisjoint(keys):
            yield run
            run, seen = [], set()
        run.append(notice)
        seen |= keys
    if run:
        yield run


def _columns(notifications: Sequence[NewNotification]) -> list[list[object]]:
    return [
        [to_uuid(one.recipient_id) for one in notifications],
        [one.source for one in notifications],
        [to_uuid(one.sender_id) if one.sender_id else None for one in notifications],
        [one.type for one in notifications],
        [one.title for one in notifications],
        [one.message for one in notifications],
        [one.grouped_message[0] if one.grouped_message else None for one in notifications],
        [one.grouped_message[1] if one.grouped_message else None for one in notifications],
        [to_uuid(one.reference_id) if one.reference_id else None for one in notifications],
        [one.group_key for one in notifications],
        [one.conversation_id for one in notifications],
        [one.message_id for one in notifications],
    ]


def _to_notification(row: asyncpg.Record) -> NotificationRecord:
    sender = row["sender_id"]
    reference = row["reference_id"]
    return NotificationRecord(
        id=str(row["id"]),
        recipient_id=str(row["recipient_id"]),
        type=row["type"],
        title=row["title"],
        message=row["message"],
        sender=to_user_card(row, str(sender)) if sender else None,
        reference_id=str(reference) if reference else row["message_id"],
        conversation_id=row["conversation_id"],
        is_read=row["is_read"],
        count=row["count"],
        created_at=row["created_at"],
    )

"""Notifications in PostgreSQL. Unique keys ensure one notification per source and per unread group."""

from collections.abc import Iterator, Mapping, Sequence

import asyncpg

from config.limits import UNREAD_NOTIFICATIONS_COUNTED
from config.mail import NOTIFICATION_MAIL_DELAY_S
from storage.contracts.domain_events import CursorUpdate
from storage.contracts.notifications import (
    DeletedIds,
    NewNotification,
    NotificationRecord,
    NotificationSource,
    UndeliveredNotification,
)
from storage.contracts.paging import PageKey
from storage.postgres.cursors import PostgresCursors
from storage.postgres.notification_preferences import to_quiet_hours
from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.user_writers import UserWriters
from storage.postgres.uuid_params import MIN_UUID, page_after, page_before, to_uuid, to_uuids

SERVICE = "notifications"
BATCH_ROWS = 1000
"""Rows that a statement changes where a user may have very many: it has a time limit."""


class PostgresNotifications:
    """Implements `storage.contracts.notifications.NotificationStore`."""

    def __init__(
        self,
        pool: PostgresPool,
        cursors: PostgresCursors,
        default_channels: Mapping[str, str],
        mail_delay_s: float = NOTIFICATION_MAIL_DELAY_S,
    ) -> None:
        """Create the store. `default_channels` are by type, for recipients who did not set one."""
        self._pool = pool
        self._cursors = cursors
        self._default_channels = default_channels
        self._mail_delay_s = mail_delay_s
        self._upsert = load_statement(SERVICE, "notifications", "notification_upsert")
        self._undelivered = load_statement(SERVICE, "notifications", "notification_undelivered_list")
        self._mark_delivered = load_statement(SERVICE, "notifications", "notification_mark_delivered")
        self._page = load_statement(SERVICE, "notifications", "notification_page")
        self._count = load_statement(SERVICE, "notifications", "notification_unread_counts")
        self._mark_read = load_statement(SERVICE, "notifications", "notification_mark_read")
        self._mark_some_read = load_statement(SERVICE, "notifications", "notification_mark_some_read")
        self._link = load_statement(SERVICE, "notifications", "notification_source_link")
        self._withdraw = load_statement(SERVICE, "notifications", "notification_withdraw")
        self._sources_between = load_statement(SERVICE, "notifications", "notification_source_list_between")
        self._delete_between = load_statement(SERVICE, "notifications", "notification_delete_between")
        self._delete_reference = load_statement(SERVICE, "notifications", "notification_delete_reference")
        self._delete_group = load_statement(SERVICE, "notifications", "notification_delete_group")
        self._delete_conversation = load_statement(
            SERVICE, "notifications", "notification_delete_conversation"
        )
        self._recipients = load_statement(SERVICE, "notifications", "notification_recipient_list")
        self._user_writers = UserWriters(pool)
        self._remove_in_batches = (
            load_statement(SERVICE, "notifications", "user_sources_delete"),
            load_statement(SERVICE, "notifications", "user_notifications_delete"),
            load_statement(SERVICE, "notifications", "user_caused_sources_update"),
            load_statement(SERVICE, "notifications", "user_caused_notifications_update"),
        )
        self._delete_user_data = load_statement(SERVICE, "notifications", "user_data_delete")

    async def add(self, notifications: Sequence[NewNotification], cursor_update: CursorUpdate | None) -> None:
        async with self._pool.transaction() as transaction:
            for batch in _split_by_unique_key(notifications):
                stored = await transaction.rows(
                    self._upsert,
                    *_columns(batch),
                    [self._default_channels[new.type] for new in batch],
                    self._mail_delay_s,
                )
                await self._link_sources(transaction, batch, stored)
            await self._cursors.advance_in(transaction, cursor_update)

    async def list_undelivered(self, after: PageKey | None, limit: int) -> list[UndeliveredNotification]:
        rows = await self._pool.rows(
            self._undelivered, *page_after(after), limit, UNREAD_NOTIFICATIONS_COUNTED
        )
        return [
            UndeliveredNotification(_to_notification(row), row["unread_count"], to_quiet_hours(row))
            for row in rows
        ]

    async def mark_delivered(self, notifications: Sequence[NotificationRecord]) -> None:
        by_id = sorted(notifications, key=lambda notification: notification.id)
        await self._pool.write(
            self._mark_delivered,
            to_uuids(notification.id for notification in by_id),
            [notification.count for notification in by_id],
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
        rows = await self._pool.rows(self._count, to_uuids(recipient_ids), UNREAD_NOTIFICATIONS_COUNTED)
        return {str(row["recipient_id"]): row["count"] for row in rows}

    async def mark_read(self, recipient_id: str, notification_id: str) -> bool | None:
        rows = await self._pool.write(self._mark_read, to_uuid(recipient_id), to_uuid(notification_id))
        return bool(rows[0]["changed"]) if rows else None

    async def mark_all_read(self, recipient_id: str) -> int:
        count = 0
        while rows := await self._pool.write(self._mark_some_read, to_uuid(recipient_id), BATCH_ROWS):
            count += len(rows)
        return count

    async def remove_between(self, user_id: str, other_user_id: str) -> DeletedIds:
        pair = to_uuid(user_id), to_uuid(other_user_id)
        deleted: list[asyncpg.Record] = []
        while sources := await self._pool.rows(self._sources_between, *pair, BATCH_ROWS):
            recipient_ids = [row["recipient_id"] for row in sources]
            deleted += await self._pool.write(
                self._withdraw, recipient_ids, [row["source"] for row in sources], True
            )
        while rows := await self._pool.write(self._delete_between, *pair, BATCH_ROWS):
            deleted += rows
        return _deleted_ids(deleted)

    async def withdraw(self, sources: Sequence[NotificationSource], *, permanent: bool) -> DeletedIds:
        if not sources:
            return {}
        recipient_ids = to_uuids(source.recipient_id for source in sources)
        return _deleted_ids(
            await self._pool.write(
                self._withdraw, recipient_ids, [source.source for source in sources], permanent
            )
        )

    async def remove_about(
        self, recipient_ids: Sequence[str], reference_id: str, *, kept_group_key: str
    ) -> DeletedIds:
        return _deleted_ids(
            await self._pool.write(
                self._delete_reference, to_uuids(recipient_ids), to_uuid(reference_id), kept_group_key
            )
        )

    async def remove_group(self, recipient_id: str, reference_id: str, group_key: str) -> DeletedIds:
        return _deleted_ids(
            await self._pool.write(
                self._delete_group, to_uuid(recipient_id), to_uuid(reference_id), group_key
            )
        )

    async def list_recipients(
        self,
        reference_ids: Sequence[str],
        types: Sequence[str],
        excluded_user_id: str,
        after: tuple[str, str],
        limit: int,
    ) -> list[tuple[str, str]]:
        if not reference_ids:
            return []
        rows = await self._pool.rows(
            self._recipients,
            to_uuids(reference_ids),
            list(types),
            to_uuid(excluded_user_id) or MIN_UUID,
            *(to_uuid(one) or MIN_UUID for one in after),
            limit,
        )
        return [(str(row["reference_id"]), str(row["recipient_id"])) for row in rows]

    async def remove_of_conversation(self, recipient_ids: Sequence[str], conversation_id: str) -> DeletedIds:
        return _deleted_ids(
            await self._pool.write(self._delete_conversation, to_uuids(recipient_ids), conversation_id)
        )

    async def remove_user(self, user_id: str) -> None:
        await self._user_writers.wait_for(to_uuid(user_id))
        for statement in self._remove_in_batches:
            await self._pool.write_until_none(statement, to_uuid(user_id), BATCH_ROWS)
        await self._pool.write(self._delete_user_data, to_uuid(user_id))

    async def _link_sources(
        self, transaction: Transaction, batch: Sequence[NewNotification], stored: Sequence[asyncpg.Record]
    ) -> None:
        """Record in which notification each new source is. Sources that were seen before have no row."""
        ids = {(row["recipient_id"], row["group_key"]): row["id"] for row in stored}
        linked = [
            (recipient_id, new.source, ids[recipient_id, new.group_key])
            for new in batch
            if (recipient_id := to_uuid(new.recipient_id), new.group_key) in ids
        ]
        if linked:
            recipient_ids, sources, notification_ids = zip(*linked, strict=True)
            await transaction.rows(self._link, recipient_ids, sources, notification_ids)


def _deleted_ids(rows: Sequence[asyncpg.Record]) -> DeletedIds:
    deleted: dict[str, list[str]] = {}
    for row in rows:
        deleted.setdefault(str(row["recipient_id"]), []).append(str(row["id"]))
    return deleted


def _split_by_unique_key(notifications: Sequence[NewNotification]) -> Iterator[list[NewNotification]]:
    """Split into batches without equal groups or sources: a statement does not see its own inserts."""
    batch: list[NewNotification] = []
    seen: set[tuple[str, str, str]] = set()
    for notification in notifications:
        keys = {
            (notification.recipient_id, "group", notification.group_key),
            (notification.recipient_id, "source", notification.source),
        }
        if not seen.isdisjoint(keys):
            yield batch
            batch, seen = [], set()
        batch.append(notification)
        seen |= keys
    if batch:
        yield batch


def _columns(batch: Sequence[NewNotification]) -> list[list[object]]:
    return [
        [to_uuid(new.recipient_id) for new in batch],
        [new.source for new in batch],
        [to_uuid(new.sender_id) if new.sender_id else None for new in batch],
        [new.type for new in batch],
        [new.title for new in batch],
        [new.message for new in batch],
        [new.grouped_message[0] if new.grouped_message else None for new in batch],
        [new.grouped_message[1] if new.grouped_message else None for new in batch],
        [to_uuid(new.reference_id) if new.reference_id else None for new in batch],
        [new.group_key for new in batch],
        [new.conversation_id for new in batch],
        [new.message_id for new in batch],
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

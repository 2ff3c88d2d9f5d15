"""Notifications in PostgreSQL. That each source tells once, and each group counts, are its unique keys."""

from collections.abc import Iterator, Mapping, Sequence

import asyncpg

from storage.contracts.social import PageKey
from storage.postgres.card_rows import card_of
from storage.postgres.cursors import PostgresCursors
from storage.postgres.identity import before as page_before
from storage.postgres.identity import id_of, ids_of
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.records.notifications import Notice, NotificationRecord, Untold
from storage.records.sync import Step

SERVICE = "notifications"


class PostgresNotifications:
    """A `NotificationStore`."""

    def __init__(self, pool: PostgresPool, cursors: PostgresCursors) -> None:
        self._pool = pool
        self._cursors = cursors
        self._take = load_statement(SERVICE, "notification_take")
        self._untold = load_statement(SERVICE, "notification_untold")
        self._told = load_statement(SERVICE, "notification_told")
        self._page = load_statement(SERVICE, "notification_page")
        self._count = load_statement(SERVICE, "notification_unread_counts")
        self._read = load_statement(SERVICE, "notification_read")
        self._read_all = load_statement(SERVICE, "notification_read_all")
        self._part = load_statement(SERVICE, "notification_part")
        self._forget = load_statement(SERVICE, "user_forget")

    async def take(self, notices: Sequence[Notice], step: Step | None) -> None:
        async with self._pool.transaction() as transaction:
            for some in _apart(notices):
                await transaction.rows(self._take, *_columns(some))
            await self._cursors.moved(transaction, step)

    async def untold(self, limit: int) -> list[Untold]:
        rows = await self._pool.rows(self._untold, limit)
        return [Untold(_notification_of(row), row["unread_count"]) for row in rows]

    async def told(self, notifications: Sequence[NotificationRecord]) -> None:
        known = sorted(notifications, key=lambda one: one.id)
        await self._pool.write(self._told, ids_of(one.id for one in known), [one.count for one in known])

    async def page(
        self,
        recipient_id: str,
        before: PageKey | None,
        hidden: Sequence[str],
        limit: int,
        *,
        unread_only: bool,
    ) -> list[NotificationRecord]:
        rows = await self._pool.rows(
            self._page, id_of(recipient_id), unread_only, ids_of(hidden), *page_before(before), limit
        )
        return [_notification_of(row) for row in rows]

    async def unread_counts(self, recipient_ids: Sequence[str]) -> Mapping[str, int]:
        rows = await self._pool.rows(self._count, ids_of(recipient_ids))
        return {str(row["recipient_id"]): row["count"] for row in rows}

    async def read(self, recipient_id: str, notification_id: str) -> bool | None:
        rows = await self._pool.write(self._read, id_of(recipient_id), id_of(notification_id))
        return bool(rows[0]["changed"]) if rows else None

    async def read_all(self, recipient_id: str) -> int:
        return len(await self._pool.write(self._read_all, id_of(recipient_id)))

    async def part(self, one: str, other: str) -> Mapping[str, Sequence[str]]:
        gone: dict[str, list[str]] = {}
        for row in await self._pool.write(self._part, id_of(one), id_of(other)):
            gone.setdefault(str(row["recipient_id"]), []).append(str(row["id"]))
        return gone

    async def forget(self, user_id: str) -> None:
        await self._pool.write(self._forget, id_of(user_id))


def _apart(notices: Sequence[Notice]) -> Iterator[list[Notice]]:
    """Runs in which no two are about the same or of one source: a statement sees only what was before."""
    run: list[Notice] = []
    seen: set[tuple[str, str, str]] = set()
    for notice in notices:
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


def _columns(notices: Sequence[Notice]) -> list[list[object]]:
    return [
        [id_of(one.recipient_id) for one in notices],
        [one.source for one in notices],
        [id_of(one.sender_id) if one.sender_id else None for one in notices],
        [one.type for one in notices],
        [one.title for one in notices],
        [one.message for one in notices],
        [one.many[0] if one.many else None for one in notices],
        [one.many[1] if one.many else None for one in notices],
        [id_of(one.reference_id) if one.reference_id else None for one in notices],
        [one.group_key for one in notices],
        [one.conversation_id for one in notices],
        [one.message_id for one in notices],
    ]


def _notification_of(row: asyncpg.Record) -> NotificationRecord:
    sender = row["sender_id"]
    reference = row["reference_id"]
    return NotificationRecord(
        id=str(row["id"]),
        recipient_id=str(row["recipient_id"]),
        type=row["type"],
        title=row["title"],
        message=row["message"],
        sender=card_of(row, str(sender)) if sender else None,
        reference_id=str(reference) if reference else row["message_id"],
        conversation_id=row["conversation_id"],
        is_read=row["is_read"],
        count=row["count"],
        created_at=row["created_at"],
    )

"""E-mails about notifications, in PostgreSQL: what is due, and the addresses."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from storage.contracts.notification_mails import DueRecipient, MailedNotifications, MailRecipient
from storage.postgres.notification_preferences import to_quiet_hours
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid, to_uuids

SERVICE = "notifications"
BATCH_ROWS = 1000
"""Notifications that a statement changes: very many of one user may be due, and it has a time limit."""


class PostgresNotificationMails:
    """Implements `storage.contracts.notification_mails.NotificationMailStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._due = load_statement(SERVICE, "notification_mails", "notification_mail_due")
        self._defer = load_statement(SERVICE, "notification_mails", "notification_mail_defer")
        self._claim_due = load_statement(SERVICE, "notification_mails", "notification_mail_claim")

    async def list_due(self, limit: int) -> list[DueRecipient]:
        rows = await self._pool.rows(self._due, limit)
        return [DueRecipient(str(row["recipient_id"]), to_quiet_hours(row)) for row in rows]

    async def defer(self, times: Mapping[str, datetime]) -> None:
        if times:
            await self._pool.write_until_none(self._defer, to_uuids(times), list(times.values()), BATCH_ROWS)

    async def claim_due(self, user_id: str) -> list[MailedNotifications]:
        counts: Counter[tuple[str, str]] = Counter()
        claimed = BATCH_ROWS
        while claimed == BATCH_ROWS:
            rows = await self._pool.write(self._claim_due, to_uuid(user_id), BATCH_ROWS)
            claimed = sum(row["notifications"] for row in rows)
            for row in rows:
                counts[row["type"], row["title"]] += row["count"]
        return [
            MailedNotifications(type_, title, count)
            for (type_, title), count in sorted(counts.items())
            if count
        ]


class PostgresMailRecipients:
    """Implements `storage.contracts.notification_mails.MailRecipientStore`, on the users' database."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._find = load_statement("users", "mail_recipients", "mail_recipients_verified")

    async def find_verified(self, user_ids: Sequence[str]) -> dict[str, MailRecipient]:
        rows = await self._pool.rows(self._find, to_uuids(user_ids))
        return {str(row["id"]): MailRecipient(str(row["id"]), row["username"], row["email"]) for row in rows}

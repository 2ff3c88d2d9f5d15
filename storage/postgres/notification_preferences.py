"""Notification preferences in PostgreSQL."""

import asyncpg
import msgspec

from storage.contracts.notification_preferences import NotificationPreferencesRecord, QuietHoursRecord
from storage.errors import Missing
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import to_uuid

SERVICE = "notifications"
_channels_decoder = msgspec.json.Decoder(dict[str, str])


class PostgresNotificationPreferences:
    """Implements `storage.contracts.notification_preferences.NotificationPreferenceStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._get = load_statement(SERVICE, "notification_preferences", "notification_preferences_get")
        self._replace = load_statement(
            SERVICE, "notification_preferences", "notification_preferences_replace"
        )

    async def get(self, user_id: str) -> NotificationPreferencesRecord:
        row = await self._pool.row(self._get, to_uuid(user_id))
        if row is None:
            return NotificationPreferencesRecord()
        return NotificationPreferencesRecord(_channels_decoder.decode(row["channels"]), to_quiet_hours(row))

    async def replace(
        self, user_id: str, preferences: NotificationPreferencesRecord, mail_types: list[str]
    ) -> None:
        quiet = preferences.quiet_hours
        rows = await self._pool.write(
            self._replace,
            to_uuid(user_id),
            msgspec.json.encode(preferences.channels).decode(),
            None if quiet is None else quiet.start,
            None if quiet is None else quiet.end,
            None if quiet is None else quiet.timezone,
            mail_types,
        )
        if not rows:
            raise Missing


def to_quiet_hours(row: asyncpg.Record) -> QuietHoursRecord | None:
    """Return the quiet hours of a row with `quiet_from`, `quiet_to` and `quiet_timezone`."""
    if row["quiet_timezone"] is None:
        return None
    return QuietHoursRecord(row["quiet_from"], row["quiet_to"], row["quiet_timezone"])

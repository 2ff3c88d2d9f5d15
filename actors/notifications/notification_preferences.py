"""How a user wants to be notified of each type of notification, and the quiet hours."""

from collections.abc import Mapping
from datetime import time
from typing import Final
from zoneinfo import available_timezones

from actors.protocol.errors import ApiError, FieldError
from actors.protocol.notification_objects import (
    DEFAULT_NOTIFICATION_CHANNELS,
    NotificationChannel,
    NotificationPreferences,
    NotificationType,
    QuietHours,
)
from actors.protocol.stored_enums import to_member
from storage.contracts.notification_preferences import (
    NotificationPreferencesRecord,
    NotificationPreferenceStore,
    QuietHoursRecord,
)
from storage.errors import Missing

TIMEZONES = frozenset(available_timezones()) - {"Factory", "localtime"}

DEFAULT_CHANNELS: Final[Mapping[str, str]] = {
    kind.value: channel.value for kind, channel in DEFAULT_NOTIFICATION_CHANNELS.items()
}


class NotificationPreferenceSettings:
    def __init__(self, store: NotificationPreferenceStore) -> None:
        self._store = store

    async def get(self, user_id: str) -> NotificationPreferences:
        return _to_preferences(await self._store.get(user_id))

    async def replace(
        self,
        user_id: str,
        channels: Mapping[NotificationType, NotificationChannel],
        quiet_hours: QuietHours | None,
    ) -> NotificationPreferences:
        """Set all preferences; types without a channel get their default. Raises `ApiError`."""
        record = NotificationPreferencesRecord(
            {kind.value: channel.value for kind, channel in channels.items()},
            None if quiet_hours is None else _to_record(quiet_hours),
        )
        await self._save(user_id, record)
        return _to_preferences(record)

    async def stop_mails(self, user_id: str) -> None:
        """Replace the channel `mail` by `push` in all types. Raises `ApiError`."""
        record = await self._store.get(user_id)
        channels = {
            **record.channels,
            **{
                kind.value: NotificationChannel.PUSH.value
                for kind, channel in _to_preferences(record).channels.items()
                if channel is NotificationChannel.MAIL
            },
        }
        await self._save(user_id, NotificationPreferencesRecord(channels, record.quiet_hours))

    async def _save(self, user_id: str, record: NotificationPreferencesRecord) -> None:
        mail_types = [
            kind.value
            for kind, channel in _to_preferences(record).channels.items()
            if channel is NotificationChannel.MAIL
        ]
        try:
            await self._store.replace(user_id, record, mail_types)
        except Missing:
            raise ApiError("user.not_found", "The account was deleted.") from None


def validate_quiet_hours(quiet_hours: QuietHours) -> list[FieldError]:
    """Return the errors of quiet hours whose fields have the right form."""
    errors: list[FieldError] = []
    if quiet_hours.timezone not in TIMEZONES:
        errors.append(
            FieldError("quiet_hours.timezone", "unknown", "Must be an IANA zone, as Europe/Berlin.")
        )
    if quiet_hours.start == quiet_hours.end:
        errors.append(FieldError("quiet_hours.to", "invalid", "`to` must differ from `from`."))
    return errors


def _to_record(quiet_hours: QuietHours) -> QuietHoursRecord:
    return QuietHoursRecord(
        time.fromisoformat(quiet_hours.start), time.fromisoformat(quiet_hours.end), quiet_hours.timezone
    )


def _to_preferences(record: NotificationPreferencesRecord) -> NotificationPreferences:
    quiet = record.quiet_hours
    return NotificationPreferences(
        {
            kind: to_member(NotificationChannel, record.channels.get(kind.value, default))
            for kind, default in DEFAULT_NOTIFICATION_CHANNELS.items()
        },
        None if quiet is None else QuietHours(f"{quiet.start:%H:%M}", f"{quiet.end:%H:%M}", quiet.timezone),
    )

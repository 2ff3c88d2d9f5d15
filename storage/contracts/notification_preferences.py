"""How users want to be notified. All methods raise `Unavailable`."""

from collections.abc import Mapping
from datetime import time
from typing import Final, Protocol

import msgspec

PUSH: Final = "push"
MAIL: Final = "mail"
NOTHING: Final = "nothing"


class QuietHoursRecord(msgspec.Struct, frozen=True):
    """Local times of a day in an IANA time zone; `end` may be on the next day."""

    start: time
    end: time
    timezone: str


class NotificationPreferencesRecord(msgspec.Struct, frozen=True):
    """`channels` has the types for which the user set one: push, mail or nothing."""

    channels: Mapping[str, str] = {}
    quiet_hours: QuietHoursRecord | None = None


class NotificationPreferenceStore(Protocol):
    async def get(self, user_id: str) -> NotificationPreferencesRecord:
        """Return a user's preferences; empty ones if the user never set any."""

    async def replace(
        self, user_id: str, preferences: NotificationPreferencesRecord, mail_types: list[str]
    ) -> None:
        """Set a user's preferences. They apply to what is stored from now on.

        E-mails that are due, or will be, are dropped, except those about `mail_types`.

        Raises:
            Missing: the user was deleted.
        """

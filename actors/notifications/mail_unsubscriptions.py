"""Ends e-mails about notifications by the link in each of them, without a login (RFC 8058).

A token names its user. It does not expire, because it can only stop e-mails.
"""

import hmac

from actors.keyed_hash import KeyedHash
from actors.notifications.notification_preferences import NotificationPreferenceSettings
from actors.protocol.errors import ApiError


class MailUnsubscriptions:
    def __init__(self, settings: NotificationPreferenceSettings, keyed_hash: KeyedHash) -> None:
        self._settings = settings
        self._keyed_hash = keyed_hash

    def make_token(self, user_id: str) -> str:
        return f"{user_id}.{self._keyed_hash.digest(f'unsubscribe:{user_id}')}"

    async def unsubscribe(self, token: str) -> None:
        """Stop e-mails about notifications to the user of the token. Idempotent. Raises `ApiError`."""
        user_id = token.partition(".")[0]
        if not hmac.compare_digest(token.encode(), self.make_token(user_id).encode()):
            raise ApiError("mail_unsubscription.not_found", "The link is not valid.")
        await self._settings.stop_mails(user_id)

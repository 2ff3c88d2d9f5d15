"""How the caller wants to be notified, and the link in e-mails that ends them."""

import msgspec

from actors.accounts.bodies import raise_if_invalid
from actors.notifications.mail_unsubscriptions import MailUnsubscriptions
from actors.notifications.notification_preferences import NotificationPreferenceSettings, validate_quiet_hours
from actors.protocol.errors import FieldError
from actors.protocol.notification_objects import (
    NotificationChannel,
    NotificationPreferences,
    NotificationType,
    QuietHours,
)
from server.http.route import Route, TypedRequest


class PreferencesUpdate(msgspec.Struct, frozen=True):
    """Replaces all preferences: types that are absent get their default channel."""

    channels: dict[NotificationType, NotificationChannel] = {}
    quiet_hours: QuietHours | None = None

    def field_errors(self) -> list[FieldError]:
        return validate_quiet_hours(self.quiet_hours) if isinstance(self.quiet_hours, QuietHours) else []


class NotificationPreferenceRoutes:
    def __init__(
        self, settings: NotificationPreferenceSettings, unsubscriptions: MailUnsubscriptions
    ) -> None:
        self._settings = settings
        self._unsubscriptions = unsubscriptions

    def routes(self) -> tuple[Route, ...]:
        preferences = "/v1/users/me/notification-preferences"
        return (
            Route("GET", preferences, self.get_preferences, response=NotificationPreferences),
            Route(
                "PUT",
                preferences,
                self.replace_preferences,
                body=PreferencesUpdate,
                response=NotificationPreferences,
            ),
            Route(
                "POST",
                "/v1/mail-unsubscriptions/{token}",
                self.unsubscribe,
                status=204,
                requires_auth=False,
                errors=("mail_unsubscription.not_found", "user.not_found"),
                # Mail clients send a form (RFC 8058, section 3.2).
                any_body=True,
            ),
        )

    async def get_preferences(self, request: TypedRequest[None, None]) -> NotificationPreferences:
        """Get the caller's notification preferences."""
        return await self._settings.get(request.caller.user.id)

    async def replace_preferences(
        self, request: TypedRequest[PreferencesUpdate, None]
    ) -> NotificationPreferences:
        """Set the caller's notification preferences.

        They apply to notifications that are created from then on.
        """
        body = request.body
        raise_if_invalid(body.field_errors())
        return await self._settings.replace(request.caller.user.id, body.channels, body.quiet_hours)

    async def unsubscribe(self, request: TypedRequest[None, None]) -> None:
        """End e-mails about notifications.

        The link is in the `List-Unsubscribe` header of each such e-mail (RFC 8058). Types with the channel
        `mail` get `push`. Idempotent.
        """
        await self._unsubscriptions.unsubscribe(request.path_params["token"])

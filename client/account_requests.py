"""Requests about the user's own account: sessions, settings and the data export."""

from collections.abc import AsyncGenerator, Mapping

import msgspec

from actors.protocol.notification_objects import (
    NotificationChannel,
    NotificationPreferences,
    NotificationType,
    QuietHours,
)
from actors.protocol.objects import Audience, DataExport, OwnUser, Privacy
from client.http_responses import LoginResponse, Page, SessionView
from client.http_transport import HttpTransport, resource_path


class AccountRequests(HttpTransport):
    """`register` and `login` set `token`."""

    async def register(
        self, email: str, username: str, password: str, display_name: str | None = None
    ) -> LoginResponse:
        """Register a user, and use the new token for later requests."""
        body = {"email": email, "username": username, "password": password, "display_name": display_name}
        response = await self.request(LoginResponse, "POST", "/v1/users", body=body)
        self.token = response.token
        return response

    async def login(self, login: str, password: str) -> LoginResponse:
        """Log in with an e-mail address or username, and use the new token for later requests."""
        body = {"login": login, "password": password}
        response = await self.request(LoginResponse, "POST", "/v1/sessions", body=body)
        self.token = response.token
        return response

    async def me(self) -> OwnUser:
        return await self.request(OwnUser, "GET", "/v1/users/me")

    async def change_email(self, email: str, current_password: str) -> OwnUser:
        """Change the e-mail address. The old one gets a link that undoes the change for 24 hours."""
        body = {"email": email, "current_password": current_password}
        return await self.request(OwnUser, "PATCH", "/v1/users/me", body=body)

    async def delete_account(self, current_password: str) -> None:
        """Delete the account. Cannot be undone."""
        body = {"current_password": current_password}
        await self.request(None, "DELETE", "/v1/users/me", body=body)

    async def privacy(self) -> Privacy:
        return await self.request(Privacy, "GET", "/v1/users/me/privacy")

    async def update_privacy(
        self, *, groups: Audience | None = None, invites: Audience | None = None
    ) -> Privacy:
        """Change who may add and invite the user without asking; None leaves a setting unchanged."""
        fields = {"groups": groups, "invites": invites}
        body = {field: value.value for field, value in fields.items() if value is not None}
        return await self.request(Privacy, "PATCH", "/v1/users/me/privacy", body=body)

    async def notification_preferences(self) -> NotificationPreferences:
        return await self.request(NotificationPreferences, "GET", "/v1/users/me/notification-preferences")

    async def replace_notification_preferences(
        self,
        channels: Mapping[NotificationType, NotificationChannel],
        quiet_hours: QuietHours | None = None,
    ) -> NotificationPreferences:
        """Set how the user is notified. Absent types get their default channel; None ends the quiet hours."""
        body = {"channels": dict(channels), "quiet_hours": msgspec.to_builtins(quiet_hours)}
        return await self.request(
            NotificationPreferences, "PUT", "/v1/users/me/notification-preferences", body=body
        )

    async def export(self, *, start: bool = True) -> DataExport:
        """Return this user's data export; request one if there is none, unless `start` is false."""
        query = {"start": "true" if start else "false"}
        return await self.request(DataExport, "GET", "/v1/users/me/export", query=query)

    async def request_export(self) -> DataExport:
        """Request a new data export, at most one in 24 hours."""
        return await self.request(DataExport, "POST", "/v1/users/me/export")

    async def download_export(self, export: DataExport) -> AsyncGenerator[bytes]:
        """Yield the ZIP archive of an export in parts. Has no time limit in total.

        Raises `ValueError` if the export is not ready.
        """
        if export.url is None:
            raise ValueError("The export is not ready.")
        async for part in self.download(export.url):
            yield part

    async def set_private(self, *, private: bool) -> OwnUser:
        """Make the account private, or public, which accepts all requests to follow it."""
        return await self.request(OwnUser, "PATCH", "/v1/users/me", body={"private": private})

    async def sessions(self) -> Page[SessionView]:
        return await self.request(Page[SessionView], "GET", "/v1/sessions")

    async def revoke_session(self, session_id: str = "current") -> None:
        await self.request(None, "DELETE", resource_path("/v1/sessions", session_id))

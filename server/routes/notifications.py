"""Notifications of the caller."""

from typing import Any

import msgspec

from actors.notifications.notifications import Notifications
from actors.protocol.notification_objects import Notification
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page


class NotificationQuery(PageQuery, frozen=True):
    unread: bool = False


class UnreadCount(msgspec.Struct, frozen=True):
    unread_count: int


class NotificationRoutes:
    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "GET", "/v1/notifications", self.page, query=NotificationQuery, response=Page[Notification]
            ),
            Route("GET", "/v1/notifications/unread_count", self.unread_count, response=UnreadCount),
            Route("PUT", "/v1/notifications/read", self.read_all, status=204, while_silenced=True),
            Route(
                "PUT",
                "/v1/notifications/{id}/read",
                self.read,
                while_silenced=True,
                status=204,
                errors=("notification.not_found",),
            ),
        )

    async def page(self, request: TypedRequest[None, NotificationQuery]) -> Page[Any]:
        """List the caller's notifications, the latest first."""
        page = await self._notifications.page(
            request.caller.user.id,
            decode_page_cursor(request),
            request.query.limit,
            unread_only=request.query.unread,
        )
        return to_page(page)

    async def unread_count(self, request: TypedRequest[None, None]) -> UnreadCount:
        """Count the caller's unread notifications, up to 10,000."""
        return UnreadCount(await self._notifications.count_unread(request.caller.user.id))

    async def read_all(self, request: TypedRequest[None, None]) -> None:
        """Mark all notifications as read."""
        await self._notifications.mark_all_read(request.caller.user.id)

    async def read(self, request: TypedRequest[None, None]) -> None:
        """Mark a notification as read.

        Idempotent.
        """
        await self._notifications.mark_read(request.caller.user.id, request.path_params["id"])

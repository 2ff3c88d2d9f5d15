"""One's notifications over HTTP. Never anybody else's."""

from typing import Any

import msgspec

from actors.notifications.notifications import Notifications
from actors.protocol.social_objects import Notification
from server.http.query_parameters import PageQuery
from server.http.route import Route
from server.http.typed_request import Page, TypedRequest
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
            Route("PUT", "/v1/notifications/read", self.read_all, status=204),
            Route(
                "PUT",
                "/v1/notifications/{id}/read",
                self.read,
                status=204,
                errors=("notification.not_found",),
            ),
        )

    async def page(self, request: TypedRequest[None, NotificationQuery]) -> Page[Any]:
        """One's notifications, the latest first."""
        found = await self._notifications.page(
            request.caller.user.id,
            decode_page_cursor(request),
            request.query.limit,
            unread_only=request.query.unread,
        )
        return to_page(found)

    async def unread_count(self, request: TypedRequest[None, None]) -> UnreadCount:
        """How many are unread."""
        return UnreadCount(await self._notifications.count_unread(request.caller.user.id))

    async def read_all(self, request: TypedRequest[None, None]) -> None:
        """Mark all as read."""
        await self._notifications.mark_all_read(request.caller.user.id)

    async def read(self, request: TypedRequest[None, None]) -> None:
        """Mark one as read; already so is no fault."""
        await self._notifications.mark_read(request.caller.user.id, request.path_params["id"])

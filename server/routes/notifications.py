"""One's notifications over HTTP. Never anybody else's."""

from typing import Any

import msgspec

from actors.notifications.notifications import Notifications
from actors.protocol.social_objects import Notification
from server.http.call import Call, Page
from server.http.query import PageQuery
from server.http.route import Route
from server.routes.keys import page_key, page_of


class NotificationQuery(PageQuery, frozen=True):
    unread: bool = False


class UnreadCount(msgspec.Struct, frozen=True):
    unread_count: int


class NotificationRoutes:
    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/v1/notifications", self.page, query=NotificationQuery, answer=Page[Notification]),
            Route("GET", "/v1/notifications/unread_count", self.unread_count, answer=UnreadCount),
            Route("PUT", "/v1/notifications/read", self.read_all, status=204),
            Route(
                "PUT",
                "/v1/notifications/{id}/read",
                self.read,
                status=204,
                refuses=("notification.not_found",),
            ),
        )

    async def page(self, call: Call[None, NotificationQuery]) -> Page[Any]:
        """One's notifications, the latest first."""
        found = await self._notifications.page(
            call.caller.user.id, page_key(call), call.query.limit, unread_only=call.query.unread
        )
        return page_of(found)

    async def unread_count(self, call: Call[None, None]) -> UnreadCount:
        """How many are unread."""
        return UnreadCount(await self._notifications.count_unread(call.caller.user.id))

    async def read_all(self, call: Call[None, None]) -> None:
        """Mark all as read."""
        await self._notifications.mark_all_read(call.caller.user.id)

    async def read(self, call: Call[None, None]) -> None:
        """Mark one as read; already so is no fault."""
        await self._notifications.mark_read(call.caller.user.id, call.path["id"])

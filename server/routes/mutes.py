"""Mutes: whose posts and notifications the caller does not want."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.protocol.social_objects import Mute
from actors.social.mutes import Mutes
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page
from storage.contracts.mutes import MuteScope


class MuteBody(msgspec.Struct, frozen=True):
    """What to hide, at least one of both, and until when; without `expires_at` until it is deleted."""

    posts: Annotated[
        bool, Meta(description="Hide the user's posts from the home feed and the public timeline.")
    ] = True
    notifications: Annotated[bool, Meta(description="Get no notifications of what the user does.")] = True
    expires_at: Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})] | None = None


class MuteRoutes:
    def __init__(self, mutes: Mutes) -> None:
        self._mutes = mutes

    def routes(self) -> tuple[Route, ...]:
        mute = "/v1/users/{id}/mute"
        return (
            Route(
                "PUT",
                mute,
                self.mute,
                while_silenced=True,
                body=MuteBody,
                body_optional=True,
                status=204,
                errors=("user.not_found", "mute.limit"),
            ),
            Route("DELETE", mute, self.unmute, status=204, while_silenced=True),
            Route("GET", "/v1/users/me/mutes", self.page, query=PageQuery, response=Page[Mute]),
        )

    async def mute(self, request: TypedRequest[MuteBody, None]) -> None:
        """Mute a user.

        Replaces an earlier mute. The user does not notice, and can still be seen everywhere but in the home
        feed and the public timeline.
        """
        body = request.body
        await self._mutes.mute(
            request.caller.user.id,
            request.path_params["id"],
            MuteScope(body.posts, body.notifications, body.expires_at),
        )

    async def unmute(self, request: TypedRequest[None, None]) -> None:
        """Unmute a user.

        Idempotent.
        """
        await self._mutes.unmute(request.caller.user.id, request.path_params["id"])

    async def page(self, request: TypedRequest[None, PageQuery]) -> Page[Mute]:
        """List the users that the caller mutes, the latest first. Ended mutes are not listed."""
        return to_page(
            await self._mutes.page(request.caller.user.id, decode_page_cursor(request), request.query.limit)
        )

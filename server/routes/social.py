"""Follows and blocks. Responses do not reveal that a user has blocked the caller."""

from typing import Any

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import SocialStats
from actors.social.social import Social
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest
from server.routes.page_cursors import decode_page_cursor, to_page

USER_NOT_FOUND = ("user.not_found",)
OTHER_USER_ERRORS = ("user.not_found", "request.invalid")


class SocialRoutes:
    def __init__(self, social: Social) -> None:
        self._social = social

    def routes(self) -> tuple[Route, ...]:
        user = "/v1/users/{id}"
        cards = Page[UserCard]
        return (
            Route(
                "PUT",
                f"{user}/follow",
                self.follow,
                status=204,
                errors=(*OTHER_USER_ERRORS, "follow.limit", "follow_request.limit"),
            ),
            Route("DELETE", f"{user}/follow", self.unfollow, status=204, while_silenced=True),
            Route(
                "DELETE",
                "/v1/users/me/followers/{user_id}",
                self.remove_follower,
                status=204,
                while_silenced=True,
            ),
            Route(
                "PUT",
                f"{user}/block",
                self.block,
                status=204,
                errors=(*OTHER_USER_ERRORS, "block.limit"),
                while_silenced=True,
            ),
            Route("DELETE", f"{user}/block", self.unblock, status=204, while_silenced=True),
            Route("GET", "/v1/users/me/blocks", self.blocked_users, query=PageQuery, response=cards),
            Route(
                "GET",
                f"{user}/followers",
                self.followers,
                query=PageQuery,
                response=cards,
                errors=USER_NOT_FOUND,
            ),
            Route(
                "GET",
                f"{user}/following",
                self.following,
                query=PageQuery,
                response=cards,
                errors=USER_NOT_FOUND,
            ),
            Route("GET", f"{user}/stats", self.stats, response=SocialStats, errors=USER_NOT_FOUND),
        )

    async def follow(self, request: TypedRequest[None, None]) -> None:
        """Follow a user.

        Idempotent. For a private account this makes a request; `relationship.requested` is true until its
        owner answers. A user can follow 10,000 others.
        """
        await self._social.follow(request.caller.user.id, request.path_params["id"])

    async def unfollow(self, request: TypedRequest[None, None]) -> None:
        """Unfollow a user, or withdraw the request to follow them.

        Idempotent.
        """
        await self._social.unfollow(request.caller.user.id, request.path_params["id"])

    async def remove_follower(self, request: TypedRequest[None, None]) -> None:
        """Remove a follower of the caller, who is not notified.

        Idempotent.
        """
        await self._social.remove_follower(request.caller.user.id, request.path_params["user_id"])

    async def block(self, request: TypedRequest[None, None]) -> None:
        """Block a user.

        Follows and requests in both directions end, and RSVPs and invites to events that the other hosts.
        Neither user sees the other's content from then on, except the messages in groups of both. A user can
        block 5,000 others.
        """
        await self._social.block(request.caller.user.id, request.path_params["id"])

    async def unblock(self, request: TypedRequest[None, None]) -> None:
        """Unblock a user.

        Follows that the block ended are not restored.
        """
        await self._social.unblock(request.caller.user.id, request.path_params["id"])

    async def blocked_users(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the users that the caller blocks, the latest first."""
        return to_page(
            await self._social.blocked_users(
                request.caller.user.id, decode_page_cursor(request), request.query.limit
            )
        )

    async def followers(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the followers of a user, the latest first.

        For a private account the list is empty, unless the caller follows it.
        """
        page = await self._social.followers(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)

    async def following(self, request: TypedRequest[None, PageQuery]) -> Page[Any]:
        """List the users that a user follows, the latest first.

        For a private account the list is empty, unless the caller follows it.
        """
        page = await self._social.following(
            request.caller.user.id,
            request.path_params["id"],
            decode_page_cursor(request),
            request.query.limit,
        )
        return to_page(page)

    async def stats(self, request: TypedRequest[None, None]) -> SocialStats:
        """Get the number of followers, followed users and posts of a user."""
        return await self._social.get_stats(request.caller.user.id, request.path_params["id"])

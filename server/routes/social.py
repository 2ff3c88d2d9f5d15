"""Following and blocking over HTTP. Never says of a block that it is one."""

from typing import Any

from actors.protocol.objects import UserCard
from actors.protocol.social_objects import SocialStats
from actors.social.social import Social
from server.http.call import Call, Page
from server.http.query import PageQuery
from server.http.route import Route
from server.routes.keys import page_key, page_of

NOBODY = ("user.not_found",)
NOT_ONESELF = ("user.not_found", "request.invalid")


class SocialRoutes:
    def __init__(self, social: Social) -> None:
        self._social = social

    def routes(self) -> tuple[Route, ...]:
        one = "/v1/users/{id}"
        cards = Page[UserCard]
        return (
            Route("PUT", f"{one}/follow", self.follow, status=204, refuses=NOT_ONESELF),
            Route("DELETE", f"{one}/follow", self.unfollow, status=204),
            Route("PUT", f"{one}/block", self.block, status=204, refuses=NOT_ONESELF),
            Route("DELETE", f"{one}/block", self.unblock, status=204),
            Route("GET", f"{one}/followers", self.followers, query=PageQuery, answer=cards, refuses=NOBODY),
            Route("GET", f"{one}/following", self.following, query=PageQuery, answer=cards, refuses=NOBODY),
            Route("GET", f"{one}/stats", self.stats, answer=SocialStats, refuses=NOBODY),
        )

    async def follow(self, call: Call[None, None]) -> None:
        """Follow somebody; already so is no fault."""
        await self._social.follow(call.caller.user.id, call.path["id"])

    async def unfollow(self, call: Call[None, None]) -> None:
        """No longer follow somebody; already so is no fault."""
        await self._social.unfollow(call.caller.user.id, call.path["id"])

    async def block(self, call: Call[None, None]) -> None:
        """Block somebody: follows both ways end, and neither sees the other's things."""
        await self._social.block(call.caller.user.id, call.path["id"])

    async def unblock(self, call: Call[None, None]) -> None:
        """Take a block of one's own back; follows do not come back."""
        await self._social.unblock(call.caller.user.id, call.path["id"])

    async def followers(self, call: Call[None, PageQuery]) -> Page[Any]:
        """Who follows somebody, the latest first."""
        found = await self._social.followers(
            call.caller.user.id, call.path["id"], page_key(call), call.query.limit
        )
        return page_of(found)

    async def following(self, call: Call[None, PageQuery]) -> Page[Any]:
        """Whom somebody follows, the latest first."""
        found = await self._social.following(
            call.caller.user.id, call.path["id"], page_key(call), call.query.limit
        )
        return page_of(found)

    async def stats(self, call: Call[None, None]) -> SocialStats:
        """How many follow somebody, are followed, and posts there are."""
        return await self._social.get_stats(call.caller.user.id, call.path["id"])

"""Giving up one's own account over HTTP. Never anybody else's."""

from actors.accounts.leaving import Leaving
from server.http.call import Call
from server.http.rates import RateClass
from server.http.route import Route


class AccountRoutes:
    def __init__(self, leaving: Leaving) -> None:
        self._leaving = leaving

    def routes(self) -> tuple[Route, ...]:
        return (Route("DELETE", "/v1/users/me", self.leave, status=204, rate=RateClass.LOGIN),)

    async def leave(self, call: Call[None, None]) -> None:
        """Delete one's account for good. Posts, answers and follows go; messages stay without a name."""
        await self._leaving.leave(call.caller.user.id)

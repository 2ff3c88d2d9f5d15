"""Logging in and out over HTTP, and the list of where one is logged in.

Never shows a token but to the login that made it.
"""

from actors.accounts.accounts import Accounts
from actors.accounts.requests import Login, SessionView, SignedIn
from server.http.call import Call, Page
from server.http.cursor import write_cursor
from server.http.query import PageQuery
from server.http.rates import RateClass
from server.http.route import Route


class SessionRoutes:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/v1/sessions",
                self.login,
                body=Login,
                answer=SignedIn,
                status=201,
                auth=False,
                rate=RateClass.LOGIN,
                refuses=("auth.invalid_credentials",),
            ),
            Route("GET", "/v1/sessions", self.list, query=PageQuery, answer=Page[SessionView]),
            Route("DELETE", "/v1/sessions/current", self.logout, status=204),
            Route("DELETE", "/v1/sessions/{id}", self.revoke, status=204, refuses=("session.not_found",)),
        )

    async def login(self, call: Call[Login, None]) -> SignedIn:
        """Log in with an e-mail address or a username.

        Every login is a session of its own. A refusal does not tell which of the two was wrong.
        """
        return await self._accounts.login(call.body)

    async def list(self, call: Call[None, PageQuery]) -> Page[SessionView]:
        """List where one is logged in, the latest used first."""
        after = call.cursor(tuple[str, str])
        limit = call.query.limit
        sessions = [
            session
            for session in await self._accounts.list_sessions(call.caller)
            if after is None or (session.last_used_at, session.id) < after
        ]
        page = sessions[:limit]
        more = len(sessions) > limit
        return Page(page, write_cursor((page[-1].last_used_at, page[-1].id)) if more else None)

    async def logout(self, call: Call[None, None]) -> None:
        """Log out: end the session of the token that is used."""
        await self._accounts.logout(call.caller)

    async def revoke(self, call: Call[None, None]) -> None:
        """End one of one's own sessions. Its sockets close within a second."""
        await self._accounts.revoke_session(call.caller, call.path["id"])

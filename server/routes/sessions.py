"""Login, logout and the caller's sessions.

Only the response to a login contains its token.
"""

from actors.accounts.bodies import Login, SessionView, SignedIn
from actors.accounts.login_sessions import LoginSessions
from server.http.cursor import encode_cursor
from server.http.rate_limiter import RequestRateClass, address_bucket_key
from server.http.request_decoding import PageQuery
from server.http.response import Page
from server.http.route import Route, TypedRequest


class SessionRoutes:
    def __init__(self, sessions: LoginSessions) -> None:
        self._sessions = sessions

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(
                "POST",
                "/v1/sessions",
                self.login,
                body=Login,
                response=SignedIn,
                status=201,
                requires_auth=False,
                rate_class=RequestRateClass.LOGIN,
                errors=("auth.invalid_credentials", "user.suspended"),
            ),
            Route("GET", "/v1/sessions", self.list, query=PageQuery, response=Page[SessionView]),
            Route("DELETE", "/v1/sessions/current", self.logout, status=204, while_silenced=True),
            Route(
                "DELETE",
                "/v1/sessions/{id}",
                self.revoke,
                status=204,
                errors=("session.not_found",),
                while_silenced=True,
            ),
        )

    async def login(self, request: TypedRequest[Login, None]) -> SignedIn:
        """Log in with an e-mail address or a username.

        Every login creates a session. The error does not reveal whether the user or the password was wrong.
        After many wrong passwords for one account, `rate.limited` delays logins from networks where it has
        not logged in lately. With the right password of a suspended or banned account it is `user.suspended`.
        """
        network = address_bucket_key(request.client_address)
        return await self._sessions.login(request.body, network, request.user_agent)

    async def list(self, request: TypedRequest[None, PageQuery]) -> Page[SessionView]:
        """List the caller's sessions, the most recently used first.

        `device` is what the `User-Agent` of the login or registration says; clients choose it.
        """
        after = request.cursor(tuple[str, str])
        limit = request.query.limit
        sessions = [
            session
            for session in await self._sessions.list(request.caller)
            if after is None or (session.last_used_at, session.id) < after
        ]
        page = sessions[:limit]
        has_more = len(sessions) > limit
        return Page(page, encode_cursor((page[-1].last_used_at, page[-1].id)) if has_more else None)

    async def logout(self, request: TypedRequest[None, None]) -> None:
        """Log out: end the session of the token in use."""
        await self._sessions.logout(request.caller)

    async def revoke(self, request: TypedRequest[None, None]) -> None:
        """End one of the caller's sessions.

        Its websockets and event streams close within a second.
        """
        await self._sessions.revoke(request.caller, request.path_params["id"])

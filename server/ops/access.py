"""Who may use `/ops`: the operators' token as bearer, or the cookie that the login page sets for it.

Without a configured token `/ops` is served only on a loopback address, and only to requests that name one as
their `Host`, so that a page in the operator's browser cannot reach it under a name of its own. The token is
in no URL. The cookie is an HMAC of its expiry with the token: it holds on every instance with that token,
needs no memory, and ends when the token changes.
"""

import hmac
import time
from hashlib import sha256
from typing import Final

from aiohttp import hdrs, web
from yarl import URL

from actors.protocol.errors import ApiError
from config.settings import is_loopback
from server.http.problem import authentication_required
from server.http.route import bearer_token

COOKIE: Final = "convene_ops"
LOGIN_PATH: Final = "/ops/login"
PUBLIC_PATHS: Final = frozenset((LOGIN_PATH, "/ops/style.css"))
SESSION_S: Final = 12 * 3600
EXPIRY_DIGITS_MAX: Final = 12


class OperatorAccess:
    """`host` is the address of the management port."""

    def __init__(self, token: str | None, host: str) -> None:
        self._token = None if token is None else token.encode()
        self._is_local = is_loopback(host)

    @property
    def has_login(self) -> bool:
        return self._token is not None

    def is_allowed(self, request: web.Request) -> bool:
        """Whether the request may be served; False if it must authenticate.

        Raises:
            ApiError: permission.denied where there is no token to authenticate with, or for a request that
                another site caused; auth.required for a wrong bearer token.
        """
        if self._token is None:
            self._check_local(request)
            return True
        self._check_site(request)
        token = bearer_token(request)
        if token is not None:
            if not self.is_token(token):
                raise authentication_required()
            return True
        return self._is_cookie(request.cookies.get(COOKIE, "")) or request.path in PUBLIC_PATHS

    def is_token(self, token: str) -> bool:
        return self._token is not None and hmac.compare_digest(token.encode(), self._token)

    def log_in(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set the cookie, after `is_token`."""
        expiry = str(int(time.time()) + SESSION_S)
        response.set_cookie(
            COOKIE,
            f"{expiry}.{self._sign(expiry)}",
            path="/ops",
            max_age=SESSION_S,
            httponly=True,
            samesite="Strict",
            secure=request.secure,
        )

    def log_out(self, response: web.StreamResponse) -> None:
        response.del_cookie(COOKIE, path="/ops", httponly=True, samesite="Strict")

    def _is_cookie(self, value: str) -> bool:
        expiry, _, signature = value.partition(".")
        if not expiry.isascii() or not expiry.isdigit() or len(expiry) > EXPIRY_DIGITS_MAX:
            return False
        is_signed = hmac.compare_digest(signature.encode(), self._sign(expiry).encode())
        return is_signed and time.time() < int(expiry)

    def _sign(self, expiry: str) -> str:
        assert self._token is not None
        return hmac.new(self._token, b"convene ops cookie " + expiry.encode(), sha256).hexdigest()

    def _check_local(self, request: web.Request) -> None:
        if not self._is_local:
            detail = "No CONVENE_OPS_TOKEN is configured, and other machines can reach the management port."
            raise ApiError("permission.denied", detail)
        try:
            host = URL(f"//{request.host}").host
        except ValueError:
            host = None
        if host is None or not is_loopback(host):
            raise ApiError("permission.denied", "Without CONVENE_OPS_TOKEN, open this page as `localhost`.")
        self._check_site(request)

    def _check_site(self, request: web.Request) -> None:
        """Refuse a change that a page of another site sends. Browsers send `Origin` with every one."""
        origin = request.headers.get(hdrs.ORIGIN)
        if request.method in {hdrs.METH_GET, hdrs.METH_HEAD} or origin is None:
            return
        if URL(origin).authority != request.host:
            raise ApiError("permission.denied", "This request came from a page of another site.")

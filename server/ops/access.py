"""Who may use `/ops`: the operators' token as bearer, or the cookie that the login page sets for it.

Without a configured token `/ops` is served only on a loopback address, and only to requests that name one as
their `Host`, so that a page in the operator's browser cannot reach it under a name of its own. The token is
in no URL. The cookie is an HMAC of its expiry with the token: it holds on every instance with that token,
needs no memory, and ends when the token changes. Tries with a wrong token or a forged cookie are limited per
client address.
"""

import contextlib
import hmac
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from aiohttp import hdrs, web
from yarl import URL

from actors.protocol.errors import ApiError
from actors.runtime.token_bucket import TokenBuckets
from config.settings import is_loopback
from server.http.problem import authentication_required
from server.http.rate_limiter import address_bucket_key
from server.http.route_adapter import bearer_token

COOKIE: Final = "convene_ops"
LOGIN_PATH: Final = "/ops/login"
PUBLIC_PATHS: Final = frozenset((LOGIN_PATH, "/ops/style.css"))
SESSION_S: Final = 12 * 3600
EXPIRY_DIGITS_MAX: Final = 12
FAILED_ATTEMPTS_BURST: Final = 10
FAILED_ATTEMPTS_PER_S: Final = 0.1
ADDRESSES_MAX: Final = 10_000


class OperatorAccess:
    """`host` is the address of the management port. `clock` returns seconds; it limits failed attempts."""

    def __init__(self, token: str | None, host: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._failed_attempts = TokenBuckets(
            FAILED_ATTEMPTS_PER_S, FAILED_ATTEMPTS_BURST, ADDRESSES_MAX, clock
        )
        self._token = None if token is None else token.encode()
        self._is_local = is_loopback(host)

    @property
    def has_login(self) -> bool:
        return self._token is not None

    def is_allowed(self, request: web.Request) -> bool:
        """Whether the request may be served; False if it must authenticate.

        Raises:
            ApiError: permission.denied where there is no token to authenticate with, or for a request that
                another site caused; auth.required for a wrong bearer token; rate.limited after too many
                failed attempts from the address.
        """
        if self._token is None:
            self._check_local(request)
            return True
        self._check_site(request)
        token = bearer_token(request)
        if token:
            if not self.is_token(request, token):
                raise authentication_required()
            return True
        if request.path in PUBLIC_PATHS:
            return True
        cookie = request.cookies.get(COOKIE, "")
        return bool(cookie) and self._is_cookie(request, cookie)

    def is_token(self, request: web.Request, token: str) -> bool:
        """Whether a request has the operators' token. Raises `rate.limited` as `is_allowed`."""
        return self._token is not None and self._count(
            request, is_right=lambda right: hmac.compare_digest(_to_bytes(token), right)
        )

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

    def _is_cookie(self, request: web.Request, value: str) -> bool:
        expiry, _, signature = value.partition(".")
        if not expiry.isascii() or not expiry.isdigit() or len(expiry) > EXPIRY_DIGITS_MAX:
            return False
        is_signed = self._count(
            request,
            is_right=lambda _: hmac.compare_digest(_to_bytes(signature), self._sign(expiry).encode()),
        )
        # An expired cookie is no failed attempt: browsers send it until its page is closed.
        return is_signed and time.time() < int(expiry)

    def _count(self, request: web.Request, is_right: Callable[[bytes], bool]) -> bool:
        """Compare a secret, and count a wrong one as a failed attempt of the address.

        An address without attempts left gets no answer from the comparison, and so learns nothing from more.

        Raises:
            ApiError: rate.limited.
        """
        assert self._token is not None
        key = address_bucket_key(request.remote or "")
        wait_ms = self._failed_attempts.wait_ms(key, 1)
        if wait_ms:
            raise ApiError(
                "rate.limited", "Too many failed attempts from your address; wait.", retry_after_ms=wait_ms
            )
        if is_right(self._token):
            return True
        self._failed_attempts.get(key).consume(1)
        return False

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
        # A malformed origin has no host.
        with contextlib.suppress(ValueError):
            if URL(origin).authority == request.host:
                return
        raise ApiError("permission.denied", "This request came from a page of another site.")


def _to_bytes(text: str) -> bytes:
    """Encode text of a header, which has surrogates for bytes that are not UTF-8."""
    return text.encode(errors="surrogateescape")

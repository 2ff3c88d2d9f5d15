"""Which pages of other origins may read answers (the Fetch standard's CORS protocol).

Tokens are borne in a header that a page must know, so credentials are never allowed: a browser adds
nothing of its own. Never refuses a request; whoever is not listed is just not told that it may read.
"""

from collections.abc import Collection
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

ANY_ORIGIN: Final = "*"
PREFLIGHT_MAX_AGE_S: Final = 7200
ALLOWED_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-Id"
)
EXPOSED_HEADERS: Final = (
    "ETag, Link, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, WWW-Authenticate, "
    "X-Request-Id"
)


class Cors:
    """`origins` are compared to the letter; `*` among them allows all."""

    def __init__(self, origins: Collection[str]) -> None:
        self._allow_any = ANY_ORIGIN in origins
        self._origins = frozenset(origins)

    def install(self, app: web.Application) -> None:
        app.middlewares.append(self.preflight)
        app.on_response_prepare.append(self.add_headers)

    @web.middleware
    async def preflight(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer what a browser asks before a page's request; the request itself is judged as any other."""
        asks = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        if not asks or self._allowed_origin(request) is None:
            return await handler(request)
        headers = {
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: ALLOWED_METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ALLOWED_HEADERS,
            hdrs.ACCESS_CONTROL_MAX_AGE: str(PREFLIGHT_MAX_AGE_S),
        }
        return web.Response(status=204, headers=headers)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Put on an answer who may read it, streams and failures included."""
        if not self._allow_any:
            # Also for whoever is not told anything: a cache must not hand the answer to somebody who is.
            vary = response.headers.get(hdrs.VARY)
            response.headers[hdrs.VARY] = f"{vary}, {hdrs.ORIGIN}" if vary else hdrs.ORIGIN
        allowed = self._allowed_origin(request)
        if allowed is not None:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = allowed
            response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED_HEADERS

    def _allowed_origin(self, request: web.Request) -> str | None:
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None:
            return None
        if self._allow_any:
            return ANY_ORIGIN
        return origin if origin in self._origins else None

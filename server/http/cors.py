"""Cross-origin resource sharing (CORS, Fetch standard): which origins may read responses.

Credentials are never allowed: tokens travel in the `Authorization` header, which browsers do not add by
themselves. A request from a disallowed origin is served, but without the headers that let its page read the
response.
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
    """Adds CORS headers for `origins`, compared exactly; `*` allows every origin."""

    def __init__(self, origins: Collection[str]) -> None:
        self._allow_any = ANY_ORIGIN in origins
        self._origins = frozenset(origins)

    def install(self, app: web.Application) -> None:
        app.middlewares.append(self.preflight)
        app.on_response_prepare.append(self.add_headers)

    @web.middleware
    async def preflight(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer preflight requests of allowed origins; pass all other requests on."""
        is_preflight = (
            request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
        )
        if not is_preflight or self._allowed_origin(request) is None:
            return await handler(request)
        headers = {
            hdrs.ACCESS_CONTROL_ALLOW_METHODS: ALLOWED_METHODS,
            hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ALLOWED_HEADERS,
            hdrs.ACCESS_CONTROL_MAX_AGE: str(PREFLIGHT_MAX_AGE_S),
        }
        return web.Response(status=204, headers=headers)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the CORS headers to a response, including streams and errors."""
        if not self._allow_any:
            # Also without an allowed origin: a cache must not reuse that response for an allowed one.
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

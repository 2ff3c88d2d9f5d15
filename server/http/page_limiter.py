"""Limits the requests that no route counts: pages, documents, health checks and unknown paths.

They need no token, so they are counted per client address.
"""

from typing import Final

from aiohttp import hdrs, web

from server.http.http_connection import RESERVED_PATHS
from server.http.rate_limiter import RateLimiter, RequestRateClass, address_bucket_key
from server.http.trusted_proxies import TrustedProxies

API_PREFIX: Final = "/v1/"
"""Beginning of the paths whose handlers count their requests themselves."""


class PageLimiter:
    def __init__(self, rate_limiter: RateLimiter, trusted_proxies: TrustedProxies) -> None:
        self._rate_limiter = rate_limiter
        self._trusted_proxies = trusted_proxies

    def consume(self, request: web.Request) -> None:
        """Count a request, unless its handler does.

        Raises:
            ApiError: rate.limited.
        """
        if _is_counted_by_handler(request):
            return
        key = address_bucket_key(self._trusted_proxies.client_address(request))
        if request.path in RESERVED_PATHS:
            # Else pages could use up what a load balancer at the same address needs for its probes.
            key = f"{request.path} {key}"
        self._rate_limiter.consume(request, RequestRateClass.PAGE, key)


def _is_counted_by_handler(request: web.Request) -> bool:
    """Whether a handler will count the request. One with `Content-Encoding` may be refused before that."""
    match = request.match_info
    resource = match.route.resource
    return (
        match.http_exception is None
        and resource is not None
        and resource.canonical.startswith(API_PREFIX)
        and hdrs.CONTENT_ENCODING not in request.headers
    )


PAGE_LIMITER: Final = web.AppKey("page_limiter", PageLimiter)

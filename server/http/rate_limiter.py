"""Rate limits of routes: per client address before authentication, per user after it.

The limits come from the configuration.
"""

import ipaddress
from enum import StrEnum
from typing import Final

from aiohttp import web
from multidict import istr

from actors.protocol.errors import ApiError
from config.limits import Limits
from config.settings import ServerSettings
from server.http.token_buckets import RateDecision, RateLimit, TokenBucketTable

RATE_DECISION: Final = web.RequestKey("rate_decision", RateDecision)
LIMIT_HEADER: Final = istr("RateLimit-Limit")
REMAINING_HEADER: Final = istr("RateLimit-Remaining")
RESET_HEADER: Final = istr("RateLimit-Reset")


class RateClass(StrEnum):
    """Groups of routes that share a budget."""

    REQUEST = "request"
    REGISTRATION = "registration"
    LOGIN = "login"
    SOCKET = "socket"


class RateLimiter:
    """Holds a table of token buckets for each rate class."""

    def __init__(self, limits: Limits, server: ServerSettings) -> None:
        rate_limits = {
            RateClass.REQUEST: RateLimit(server.requests_per_s, server.requests_burst),
            RateClass.REGISTRATION: RateLimit(limits.registrations_per_s, limits.registrations_burst),
            RateClass.LOGIN: RateLimit(limits.logins_per_s, limits.logins_burst),
            RateClass.SOCKET: RateLimit(
                limits.sockets_new_per_address_per_s, limits.sockets_new_per_address_burst
            ),
        }
        self._tables = {
            rate_class: TokenBucketTable(rate_limit, server.rate_entries)
            for rate_class, rate_limit in rate_limits.items()
        }

    def consume(self, request: web.Request, rate_class: RateClass, key: str) -> None:
        """Take one token of the key's bucket; the response will show what is left.

        Raises:
            ApiError: rate.limited, with the time until the next token.
        """
        decision = request[RATE_DECISION] = self._tables[rate_class].consume(key)
        if not decision.allowed:
            raise ApiError(
                "rate.limited",
                "Too many requests; retry after `retry_after_ms`.",
                retry_after_ms=decision.retry_after_ms,
            )


def add_rate_limit_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the `RateLimit-*` headers to the response of a rate-limited request."""
    decision = request.get(RATE_DECISION)
    if decision is not None:
        response.headers[LIMIT_HEADER] = str(decision.limit)
        response.headers[REMAINING_HEADER] = str(decision.remaining)
        response.headers[RESET_HEADER] = str(decision.reset_s)


def address_bucket_key(address: str) -> str:
    """Return the bucket key of an address. An IPv6 /64 shares one bucket: providers assign it as a whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return address

"""Rate limits of routes: per client address before authentication, per user after it.

The limits come from the configuration. Token buckets are kept in bounded tables.
"""

import ipaddress
import math
import time
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec
from aiohttp import hdrs, web
from multidict import istr

from actors.protocol.errors import ApiError
from actors.runtime.token_bucket import TokenBuckets
from config.limits import Limits
from config.settings import ServerSettings


class RateLimit(msgspec.Struct, frozen=True):
    """`per_s` tokens a second, accumulated up to `burst`."""

    per_s: float
    burst: int


class RateDecision(msgspec.Struct, frozen=True):
    """Result of taking tokens: `remaining` are left, and the bucket is full again in `reset_s`.

    `retry_after_ms`: the time until there are as many as were asked for; None if `allowed`.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_ms: int | None


class TokenBucketTable:
    """Decides on requests under one rate limit, with a token bucket per key; at most `max_entries`."""

    __slots__ = ("_buckets", "_rate_limit")

    def __init__(
        self, rate_limit: RateLimit, max_entries: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate_limit = rate_limit
        self._buckets = TokenBuckets(rate_limit.per_s, rate_limit.burst, max_entries, clock)

    def consume(self, key: str, cost: int = 1) -> RateDecision:
        """Take `cost` tokens of the key's bucket; if there are too few, none."""
        rate_limit = self._rate_limit
        bucket = self._buckets.get(key)
        wait_ms = bucket.consume(cost)
        tokens = bucket.tokens
        return RateDecision(
            allowed=wait_ms == 0,
            limit=rate_limit.burst,
            remaining=max(0, int(tokens)),
            reset_s=math.ceil((rate_limit.burst - tokens) / rate_limit.per_s),
            retry_after_ms=wait_ms or None,
        )

    def charge(self, key: str, cost: int) -> None:
        """Take `cost` tokens more for a request that was admitted; the key's next requests wait for them."""
        self._buckets.get(key).charge(cost)

    def __len__(self) -> int:
        return len(self._buckets)


RATE_DECISION: Final = web.RequestKey("rate_decision", RateDecision)
TOO_MANY_REQUESTS: Final = 429
LIMIT_HEADER: Final = istr("RateLimit-Limit")
REMAINING_HEADER: Final = istr("RateLimit-Remaining")
RESET_HEADER: Final = istr("RateLimit-Reset")


ADDRESSES_KEPT: Final = 4096
"""Addresses whose bucket keys are kept: to parse one takes microseconds."""


class RequestRateClass(StrEnum):
    """Groups of requests that share a budget."""

    REQUEST = "request"
    REGISTRATION = "registration"
    LOGIN = "login"
    SOCKET = "socket"
    PAGE = "page"


SEARCH_COST: Final = 10
"""Cost of a search or a lookup of many users: as much work for the stores as ten other requests."""
LIST_COST: Final = 5
"""Cost of a request that reads much more than it returns, or creates for many users."""


class RateLimiter:
    """Holds a table of token buckets for each rate class."""

    def __init__(self, limits: Limits, server: ServerSettings) -> None:
        rate_limits = {
            RequestRateClass.REQUEST: RateLimit(server.requests_per_s, server.requests_burst),
            RequestRateClass.REGISTRATION: RateLimit(limits.registrations_per_s, limits.registrations_burst),
            RequestRateClass.LOGIN: RateLimit(limits.logins_per_s, limits.logins_burst),
            RequestRateClass.SOCKET: RateLimit(
                limits.sockets_new_per_address_per_s, limits.sockets_new_per_address_burst
            ),
            RequestRateClass.PAGE: RateLimit(server.pages_per_s, server.pages_burst),
        }
        self._tables = {
            rate_class: TokenBucketTable(rate_limit, server.rate_entries)
            for rate_class, rate_limit in rate_limits.items()
        }

    def consume(self, request: web.Request, rate_class: RequestRateClass, key: str, cost: int = 1) -> None:
        """Take `cost` tokens of the key's bucket; the response will show what is left.

        Raises:
            ApiError: rate.limited, with the time until there are as many tokens.
        """
        decision = request[RATE_DECISION] = self._tables[rate_class].consume(key, cost)
        if not decision.allowed:
            raise ApiError(
                "rate.limited",
                "Too many requests; retry after `retry_after_ms`.",
                retry_after_ms=decision.retry_after_ms,
            )

    def charge(self, rate_class: RequestRateClass, key: str, cost: int) -> None:
        """Take `cost` tokens more for a request that was admitted; the key's next requests wait for them."""
        self._tables[rate_class].charge(key, cost)


def add_rate_limit_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the `RateLimit-*` headers to the response of a rate-limited request."""
    decision = request.get(RATE_DECISION)
    if decision is not None:
        # Another limit, such as that of messages, may have refused the request.
        retry_s = response.headers.get(hdrs.RETRY_AFTER) if response.status == TOO_MANY_REQUESTS else None
        response.headers[LIMIT_HEADER] = str(decision.limit)
        response.headers[REMAINING_HEADER] = str(decision.remaining) if retry_s is None else "0"
        response.headers[RESET_HEADER] = str(decision.reset_s) if retry_s is None else retry_s


@lru_cache(maxsize=ADDRESSES_KEPT)
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

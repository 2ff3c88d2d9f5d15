"""How often a route may be asked: by address before login, by user after it.

The budgets are the configuration's. Never decides what a refused caller is told beyond when to come
back.
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

RATE_DECISION: Final = web.RequestKey("grant", RateDecision)
LIMIT_HEADER: Final = istr("RateLimit-Limit")
REMAINING_HEADER: Final = istr("RateLimit-Remaining")
RESET_HEADER: Final = istr("RateLimit-Reset")


class RateClass(StrEnum):
    """What is counted together."""

    REQUEST = "request"
    REGISTRATION = "registration"
    LOGIN = "login"
    SOCKET = "socket"


class RateLimiter:
    """A table of buckets for every class."""

    def __init__(self, limits: Limits, server: ServerSettings) -> None:
        budgets = {
            RateClass.REQUEST: RateLimit(server.requests_per_s, server.requests_burst),
            RateClass.REGISTRATION: RateLimit(limits.registrations_per_s, limits.registrations_burst),
            RateClass.LOGIN: RateLimit(limits.logins_per_s, limits.logins_burst),
            RateClass.SOCKET: RateLimit(
                limits.sockets_new_per_address_per_s, limits.sockets_new_per_address_burst
            ),
        }
        self._tables = {
            rate: TokenBucketTable(budget, server.rate_entries) for rate, budget in budgets.items()
        }

    def consume(self, request: web.Request, rate_class: RateClass, key: str) -> None:
        """Count one for that bucket; what is left of it goes onto the answer.

        Raises:
            Refusal: rate.limited, for an empty one.
        """
        grant = request[RATE_DECISION] = self._tables[rate_class].consume(key)
        if not grant.allowed:
            raise ApiError("rate.limited", "Too many requests.", retry_after_ms=grant.retry_after_ms)


def add_rate_limit_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put what is left of the caller's budget on the answer, where one was counted."""
    grant = request.get(RATE_DECISION)
    if grant is not None:
        response.headers[LIMIT_HEADER] = str(grant.limit)
        response.headers[REMAINING_HEADER] = str(grant.remaining)
        response.headers[RESET_HEADER] = str(grant.reset_s)


def address_bucket_key(address: str) -> str:
    """Name the bucket of an address: a network of IPv6 is handed out as a whole, so it counts as one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return address

"""Delays the refusals of an address that keeps sending requests over its rate limit.

A refusal costs the server as much as a small request, so a client that ignores `retry_after_ms` on many
connections could use up the loop with refusals alone. The first ones of an address are sent immediately.
Delays grow with the number of refusals that wait, so that about `REFUSALS_DELAYED_PER_S` of them are sent per
second, and vary, so that clients which were refused together do not return together.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from actors.runtime.token_bucket import TokenBuckets
from config.limits import (
    REFUSAL_DELAY_S,
    REFUSALS_BURST,
    REFUSALS_DELAYED_MAX,
    REFUSALS_DELAYED_PER_S,
    REFUSALS_PER_S,
)
from server.http.rate_limiter import address_bucket_key
from server.http.trusted_proxies import TrustedProxies

RATE_LIMITED: Final = "rate.limited"
JITTER: Final = 0.5
"""Fraction by which a delay varies."""


class RefusalDelay:
    """`delayed` counts the refusals that wait now; over `REFUSALS_DELAYED_MAX` none is delayed."""

    def __init__(
        self,
        trusted_proxies: TrustedProxies,
        addresses_max: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._trusted_proxies = trusted_proxies
        self._buckets = TokenBuckets(REFUSALS_PER_S, REFUSALS_BURST, addresses_max, clock)
        self._sleep = sleep
        self.delayed = 0

    async def wait(self, request: web.Request, error_code: str) -> None:
        """Wait before a `rate.limited` response is sent, if its address has got too many of them."""
        if error_code != RATE_LIMITED:
            return
        address = address_bucket_key(self._trusted_proxies.client_address(request))
        if not self._buckets.get(address).consume(1) or self.delayed >= REFUSALS_DELAYED_MAX:
            return
        self.delayed += 1
        try:
            await self._sleep(self._delay_s())
        finally:
            self.delayed -= 1

    def _delay_s(self) -> float:
        delay_s = max(REFUSAL_DELAY_S, self.delayed / REFUSALS_DELAYED_PER_S)
        return delay_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, not security


REFUSAL_DELAY: Final = web.AppKey("refusal_delay", RefusalDelay)

"""Is it alive, is it ready, and what is it doing: for load balancers and operators.

Ready means that every store and the bus has just done real work. None of the three needs a token, so
none of them shows anything about anybody.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from actors.protocol.errors import ApiError
from storage.errors import StorageError

CHECK_TIMEOUT_S = 2.0
CACHE_S = 0.5
"""How long an answer of a check stands, so that asking often costs the stores nothing."""

Check = Callable[[], Awaitable[None]]


class Readiness(msgspec.Struct, frozen=True):
    ready: bool
    checks: dict[str, str]


class Health:
    def __init__(self, checks: Mapping[str, Check], registry: CollectorRegistry) -> None:
        self._checks = checks
        self._registry = registry
        self._stopping = False
        self._cached: tuple[float, Readiness] | None = None

    def mark_stopping(self) -> None:
        """From now on not ready: load balancers are to look elsewhere."""
        self._stopping = True
        self._cached = None

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.Response(body=b'{"status":"ok"}', content_type="application/json")

    async def readyz(self, _request: web.Request) -> web.Response:
        readiness = await self.readiness()
        return web.Response(
            body=msgspec.json.encode(readiness),
            status=200 if readiness.ready else 503,
            content_type="application/json",
        )

    async def metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), content_type="text/plain")

    async def readiness(self) -> Readiness:
        if self._stopping:
            return Readiness(ready=False, checks={"server": "stopping"})
        if self._cached is not None and time.monotonic() - self._cached[0] < CACHE_S:
            return self._cached[1]
        names = list(self._checks)
        found = await asyncio.gather(*(self._run_check(self._checks[name]) for name in names))
        checks = dict(zip(names, found, strict=True))
        readiness = Readiness(ready=all(one == "ok" for one in found), checks=checks)
        self._cached = (time.monotonic(), readiness)
        return readiness

    async def _run_check(self, check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await check()
        except (StorageError, ApiError):
            return "unavailable"
        except TimeoutError:
            return "no answer"
        return "ok"

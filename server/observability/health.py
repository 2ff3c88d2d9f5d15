"""Liveness, readiness and metrics endpoints, for load balancers and operators.

Ready means that each store completed a write like those of the services, that the bus delivered a message,
that no reader of domain events keeps failing, and that no message or change has waited longer than
`UNANSWERED_SEND_S` for its answer. A check that takes longer than `CHECK_TIMEOUT_S` fails. The endpoints need
no token, so they contain no user data.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from actors.conversations.unanswered_commands import CommandStatistics
from actors.protocol.errors import ApiError
from storage.errors import StorageError, Unavailable

CHECK_TIMEOUT_S = 2.0
CACHE_S = 0.5
"""How long a result is reused, so that frequent probes put no load on the stores."""

UNANSWERED_SEND_S = 5.0
CHECK_PASSED = "ok"
METRICS_CACHE_S = 1.0
"""How long rendered metrics are reused: to render them takes longer than most requests."""

Check = Callable[[], Awaitable[None]]


def check_sends(statistics: Callable[[], CommandStatistics]) -> Check:
    """Return a check that fails while a message or change has waited too long for its answer."""

    async def check() -> None:
        if statistics().oldest_age_s > UNANSWERED_SEND_S:
            raise Unavailable("the oldest send is not answered")

    return check


class Readiness(msgspec.Struct, frozen=True):
    ready: bool
    checks: dict[str, str]


class ReadinessCollector(Collector):
    """Exports the readiness of the last check."""

    def __init__(self, health: "Health") -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        readiness = self._health.last_readiness
        ready = GaugeMetricFamily("convene_ready", "1 if the instance is ready, else 0.")
        checks = GaugeMetricFamily(
            "convene_readiness_check", "1 if the check of readiness passes, else 0.", labels=["check"]
        )
        if readiness is not None:
            ready.add_metric([], int(readiness.ready))
            for check, result in readiness.checks.items():
                checks.add_metric([check], int(result == CHECK_PASSED))
        yield from (ready, checks)


class Health:
    """Runs the readiness checks concurrently, each with a timeout, and serves the endpoints."""

    def __init__(self, checks: Mapping[str, Check], registry: CollectorRegistry) -> None:
        self._checks = checks
        self._registry = registry
        self._stopping = False
        self._checking = asyncio.Lock()
        self._cached: tuple[float, Readiness] | None = None
        self._metrics: tuple[float, bytes] | None = None
        self.last_readiness: Readiness | None = None
        registry.register(ReadinessCollector(self))

    def mark_stopping(self) -> None:
        """Report not ready from now on, so that load balancers stop sending requests."""
        self._stopping = True
        self._cached = None

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.Response(body=b'{"status":"ok"}', content_type="application/json")

    async def readyz(self, _request: web.Request) -> web.Response:
        return self._response(await self.readiness())

    async def readyz_without_details(self, _request: web.Request) -> web.Response:
        """As `readyz`, but which checks failed is not shown."""
        return self._response(Readiness(ready=(await self.readiness()).ready, checks={}))

    def _response(self, readiness: Readiness) -> web.Response:
        return web.Response(
            body=msgspec.json.encode(readiness),
            status=200 if readiness.ready else 503,
            content_type="application/json",
        )

    async def metrics(self, _request: web.Request) -> web.Response:
        now = time.monotonic()
        if self._metrics is None or now - self._metrics[0] >= METRICS_CACHE_S:
            self.last_readiness = await self.readiness()
            now = time.monotonic()
            # Unless another request has rendered them meanwhile.
            if self._metrics is None or now - self._metrics[0] >= METRICS_CACHE_S:
                self._metrics = (now, generate_latest(self._registry))
        return web.Response(body=self._metrics[1], content_type="text/plain")

    async def readiness(self) -> Readiness:
        if self._stopping:
            return Readiness(ready=False, checks={"server": "stopping"})
        # Requests that come while the checks run share their result: slow stores get no more of them.
        async with self._checking:
            if self._cached is None or time.monotonic() - self._cached[0] >= CACHE_S:
                readiness = await self._run_checks()
                self._cached = (time.monotonic(), readiness)
            return self._cached[1]

    async def _run_checks(self) -> Readiness:
        names = list(self._checks)
        results = await asyncio.gather(*(self._run_check(self._checks[name]) for name in names))
        checks = dict(zip(names, results, strict=True))
        return Readiness(ready=all(result == CHECK_PASSED for result in results), checks=checks)

    async def _run_check(self, check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await check()
        except (StorageError, ApiError):
            return "unavailable"
        except TimeoutError:
            return "timeout"
        return CHECK_PASSED

"""Counts and times of HTTP requests, by route template, method and class of status.

    middleware -> the counters of one (method, template), found by one lookup -> read at scrape time

Nothing is formatted per request. Labels are bounded: a path without a route counts as `unmatched`, whatever
its method, and other methods than those of RFC 9110 and PATCH as `other`.
"""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from server.http.problem import ERROR_CODE
from server.observability.metric_families import cumulative_buckets
from storage.histogram import Histogram

REQUEST_BOUNDS_S: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED: Final = ("", "unmatched")
"""Method and route of requests that no route serves."""

STREAM_TYPE: Final = "text/event-stream"
STATUS_CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")
REFUSALS: Final = ("rate.limited", "server.overloaded", "server.unavailable", "server.error")
"""Error codes that have a sample before the first such error, so that rates see the first one too."""


class RouteCounters:
    """The requests of one method of one route."""

    __slots__ = ("by_class", "in_flight", "seconds")

    def __init__(self) -> None:
        self.by_class = [0, 0, 0, 0, 0]
        self.in_flight = 0
        self.seconds = Histogram(REQUEST_BOUNDS_S)


class HttpMetrics(Collector):
    """Measures requests as the outermost middleware of an application, and exports what it measured.

    The duration is that of the handler, body included, without the time in which the response is sent. Event
    streams are counted, but not timed.
    """

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], RouteCounters] = {}
        self._errors: Counter[str] = Counter(dict.fromkeys(REFUSALS, 0))

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        counters = self._find(request)
        counters.in_flight += 1
        started = time.perf_counter()
        try:
            response = await handler(request)
        except web.HTTPException as error:
            self._count(counters, error.status, started)
            raise
        finally:
            counters.in_flight -= 1
        if not isinstance(response, web.Response) and response.content_type == STREAM_TYPE:
            counters.by_class[response.status // 100 - 1] += 1
        else:
            self._count(counters, response.status, started)
        code = request.get(ERROR_CODE)
        if code is not None:
            self._errors[code] += 1
        return response

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "convene_http_requests",
            "HTTP requests answered, by method, route template and class of status.",
            labels=["method", "route", "status"],
        )
        seconds = HistogramMetricFamily(
            "convene_http_request_duration_seconds",
            "Time until the response of an HTTP request begins; event streams are not included.",
            labels=["method", "route"],
        )
        in_flight = GaugeMetricFamily(
            "convene_http_requests_in_flight", "HTTP requests being handled, event streams included."
        )
        in_flight.add_metric([], sum(counters.in_flight for counters in self._routes.values()))
        for (method, route), counters in self._routes.items():
            for status, count in zip(STATUS_CLASSES, counters.by_class, strict=True):
                # The usual classes from the first request on, so that rates see the first error too.
                if count or status in {"2xx", "4xx", "5xx"}:
                    requests.add_metric([method, route, status], count)
            statistics = counters.seconds.statistics()
            seconds.add_metric([method, route], list(cumulative_buckets(statistics)), statistics.total)
        errors = CounterMetricFamily(
            "convene_http_errors",
            "HTTP requests refused or failed, by error code: `rate.limited` are refused by a rate limit, "
            "`server.overloaded` are shed.",
            labels=["code"],
        )
        for code, count in self._errors.items():
            errors.add_metric([code], count)
        yield from (requests, seconds, in_flight, errors)

    def _count(self, counters: RouteCounters, status: int, started: float) -> None:
        counters.by_class[status // 100 - 1] += 1
        counters.seconds.observe(time.perf_counter() - started)

    def _find(self, request: web.Request) -> RouteCounters:
        resource = request.match_info.route.resource
        if resource is None:
            key = UNMATCHED
        else:
            method = request.method
            key = (method if method in METHODS else "other", resource.canonical)
        counters = self._routes.get(key)
        if counters is None:
            counters = self._routes[key] = RouteCounters()
        return counters

"""Exports the statistics of the process itself: its start, event loop, HTTP connections and descriptors."""

import platform
import time
from collections.abc import Iterator

from prometheus_client.core import (
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from server.observability.metric_families import counter, gauge
from server.observability.metric_sources import MetricSources


class ProcessStatisticsCollector(Collector):
    """Metrics of the process, besides those of `prometheus_client`."""

    def __init__(self, sources: MetricSources) -> None:
        self._sources = sources
        self._started_at = time.time()

    def collect(self) -> Iterator[Metric]:
        yield gauge(
            "convene_start_time_seconds", "Unix time at which this instance started.", self._started_at
        )
        yield gauge(
            "convene_event_loop_lag_seconds",
            "Delay of the most recent event loop probe timer.",
            self._sources.loop_lag_s(),
        )
        build_info = GaugeMetricFamily(
            "convene_build_info",
            "1, with the versions of the server and of Python.",
            labels=["version", "python"],
        )
        build_info.add_metric([self._sources.version, platform.python_version()], 1)
        yield build_info
        yield from self._http_connections()
        yield gauge(
            "convene_file_descriptors_short",
            "1 while nearly all file descriptors are in use, else 0.",
            int(self._sources.file_descriptors.is_short),
        )
        yield counter(
            "convene_file_descriptor_shortages",
            "Times that file descriptors ran short.",
            self._sources.file_descriptors.shortages,
        )

    def _http_connections(self) -> Iterator[Metric]:
        connections = self._sources.http.connections.statistics()
        yield gauge("convene_http_connections", "Open HTTP connections.", connections.connections)
        yield counter(
            "convene_http_connections_rejected",
            "HTTP connections rejected by a limit of connections.",
            connections.rejected,
        )
        yield gauge(
            "convene_http_expensive_requests_waiting",
            "Expensive requests that wait because the sum of the costs of those in progress is at its limit.",
            self._sources.http.concurrency.waiting,
        )

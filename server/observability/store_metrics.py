"""Exports outages, connections and call times of the stores."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from server.observability.metric_families import labelled_histogram
from storage.outages import outage_statistics
from storage.store_calls import PoolStatistics, call_statistics

POOL_LABELS = ("store", "pool")


class StoreCollector(Collector):
    def __init__(self, pools: Callable[[], Sequence[PoolStatistics]]) -> None:
        self._pools = pools

    def collect(self) -> Iterator[Metric]:
        unavailable = GaugeMetricFamily(
            "convene_store_unavailable", "1 while calls to the store fail, else 0.", labels=["store"]
        )
        failed_calls = CounterMetricFamily(
            "convene_store_failed_calls", "Calls to the store that failed.", labels=["store"]
        )
        for outage in outage_statistics():
            unavailable.add_metric([outage.store], int(outage.unavailable))
            failed_calls.add_metric([outage.store], outage.failed_calls)
        yield from (unavailable, failed_calls)
        yield labelled_histogram(
            "convene_store_call_duration_seconds",
            "Time of a call to the store's driver, without waiting for a connection.",
            "store",
            call_statistics(),
        )
        yield from self._connections()

    def _connections(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily(
            "convene_store_connections", "Open connections of the pool.", labels=POOL_LABELS
        )
        in_use = GaugeMetricFamily(
            "convene_store_connections_in_use", "Connections of the pool in use.", labels=POOL_LABELS
        )
        size_max = GaugeMetricFamily(
            "convene_store_connections_max", "Connections that the pool may open.", labels=POOL_LABELS
        )
        waiting = GaugeMetricFamily(
            "convene_store_calls_waiting",
            "Calls that wait for a connection; in Redis, where calls share one, those without a reply.",
            labels=POOL_LABELS,
        )
        waits = CounterMetricFamily(
            "convene_store_connection_waits",
            "Calls that had to wait for a connection of the pool.",
            labels=POOL_LABELS,
        )
        for pool in self._pools():
            labels = (pool.store, pool.pool)
            connections.add_metric(labels, pool.connections)
            in_use.add_metric(labels, pool.in_use)
            size_max.add_metric(labels, pool.connections_max)
            waiting.add_metric(labels, pool.waiting)
            waits.add_metric(labels, pool.waits)
        yield from (connections, in_use, size_max, waiting, waits)

"""The registry of the Prometheus metrics of a server process.

Statistics are read at scrape time. No label grows with the number of users or conversations.
"""

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, CollectorRegistry, ProcessCollector

from server.observability.metric_sources import MetricSources
from server.observability.process_metrics import ProcessStatisticsCollector
from server.observability.realtime_metrics import RealtimeCollector
from server.observability.service_metrics import ServiceCollector
from server.observability.store_metrics import StoreCollector


def create_metrics_registry(sources: MetricSources) -> CollectorRegistry:
    """Return a registry with the server's, the process's and the garbage collector's metrics."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(GC_COLLECTOR)
    registry.register(PLATFORM_COLLECTOR)
    registry.register(ProcessStatisticsCollector(sources))
    registry.register(RealtimeCollector(sources))
    registry.register(ServiceCollector(sources))
    registry.register(sources.http.requests)
    registry.register(StoreCollector(sources.store_pools))
    return registry

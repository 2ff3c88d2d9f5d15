"""Prometheus metric families of single values and of the server's histograms."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from storage.histogram import HistogramStatistics


def gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)


def counter(name: str, help_text: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, help_text, value=value)


def histogram(name: str, help_text: str, statistics: HistogramStatistics) -> HistogramMetricFamily:
    return HistogramMetricFamily(
        name, help_text, buckets=list(cumulative_buckets(statistics)), sum_value=statistics.total
    )


def labelled_histogram(
    name: str, help_text: str, label: str, statistics: Mapping[str, HistogramStatistics]
) -> HistogramMetricFamily:
    """Return a histogram for each value of the label."""
    family = HistogramMetricFamily(name, help_text, labels=[label])
    for value, values in statistics.items():
        family.add_metric([value], list(cumulative_buckets(values)), values.total)
    return family


def cumulative_buckets(statistics: HistogramStatistics) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*statistics.bounds, float("inf")), statistics.counts, strict=True):
        total += count
        yield ("+Inf" if bound == float("inf") else str(bound)), total

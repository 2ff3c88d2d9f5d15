"""How long the calls to each store take, and what its connections do, for metrics.

Observed where the driver is called, without the time spent waiting for a connection.
"""

from typing import Final

import msgspec

from storage.histogram import Histogram, HistogramStatistics

CALL_BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class PoolStatistics(msgspec.Struct, frozen=True):
    """Connections of one pool. `waits` counts the calls that had to wait for one since the start.

    Where calls share a connection (Redis), `waiting` counts those without a reply.
    """

    store: str
    pool: str
    connections: int
    in_use: int
    connections_max: int
    waiting: int
    waits: int


_histograms: Final[dict[str, Histogram]] = {}


def get_call_histogram(store: str) -> Histogram:
    """Return the histogram of a store, in seconds. Like a logger, it is one object per name and process."""
    return _histograms.setdefault(store, Histogram(CALL_BOUNDS_S))


def call_statistics() -> dict[str, HistogramStatistics]:
    """Return the durations of completed calls, failed ones included, by store."""
    return {store: histogram.statistics() for store, histogram in _histograms.items()}

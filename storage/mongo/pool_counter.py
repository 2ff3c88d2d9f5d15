"""Counts the connections of the MongoDB driver's pools, from the events that it publishes."""

import threading

from pymongo import monitoring

from storage.store_calls import PoolStatistics


class PoolCounter(monitoring.ConnectionPoolListener):
    """The sums over the servers of a replica set. The driver calls it from several threads.

    The driver does not tell which callers wait, so `waiting` counts those that asked for a connection and do
    not have one yet, and `waits` stays 0.
    """

    def __init__(self, size_max: int) -> None:
        self._size_max = size_max
        self._lock = threading.Lock()
        self._connections = self._in_use = self._waiting = 0

    def statistics(self) -> PoolStatistics:
        return PoolStatistics(
            store="messaging",
            pool="driver",
            connections=self._connections,
            in_use=self._in_use,
            connections_max=self._size_max,
            waiting=self._waiting,
            waits=0,
        )

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._connections += 1

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._connections -= 1

    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._waiting += 1

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._waiting -= 1

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._waiting -= 1
            self._in_use += 1

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:  # noqa: ARG002
        with self._lock:
            self._in_use -= 1

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        """Nothing to count: see `connection_created`."""

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Nothing to count."""

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None:
        """Nothing to count."""

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None:
        """Its connections are closed one by one."""

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None:
        """Its connections are closed one by one."""

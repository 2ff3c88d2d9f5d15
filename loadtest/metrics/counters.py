"""Counters of one worker process, since its start."""

from collections import Counter


class Counters:
    """`errors` is keyed by a short description.

    `dropped` counts requests that may not be resent, whose connection was lost or not there; `unsent` those
    that a full queue or a closed connection refused; `calls` are HTTP requests.
    """

    __slots__ = (
        "acknowledged",
        "calls",
        "connections_lost",
        "connects",
        "deliveries",
        "dropped",
        "ephemeral_events",
        "errors",
        "lagged",
        "received",
        "rejected",
        "resumed",
        "resyncs",
        "sent",
        "stream_events",
        "unsent",
    )  # fmt: skip

    def __init__(self) -> None:
        self.received = 0
        self.deliveries = 0
        self.ephemeral_events = 0
        self.stream_events = 0
        self.sent = 0
        self.acknowledged = 0
        self.unsent = 0
        self.dropped = 0
        self.calls = 0
        self.connects = 0
        self.rejected = 0
        self.resumed = 0
        self.resyncs = 0
        self.lagged = 0
        self.connections_lost = 0
        self.errors: Counter[str] = Counter()

    def counts(self) -> dict[str, int]:
        """Return all counters by name, without `errors`."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "errors"}

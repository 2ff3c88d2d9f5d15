"""What one process counts while it makes the load. Counts only rise; nothing here is a rate."""

from collections import Counter


class Counters:
    """`errors` by a word for what it was; `dropped` are asks that a lost connection took with it."""

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
        "replayed",
        "resumed",
        "resyncs",
        "sent",
        "stream_events",
        "unsent",
    )  # fmt: skip

    def __init__(self) -> None:
        self.received = 0
        self.deliveries = 0
        self.replayed = 0
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
        """Everything but the errors, by name."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "errors"}

"""Timeouts of Redis connections."""

import msgspec


class Timeouts(msgspec.Struct, frozen=True):
    connect_s: float = 2.0
    """To connect, and to finish the login."""

    reply_s: float = 2.0
    """Time after which a command without a reply fails. If no data at all was received, reconnect."""

    probe_interval_s: float = 5.0
    probe_timeout_s: float = 10.0
    """Time after which publisher and subscriber reconnect if a probe message was not received."""

    retry_s: float = 0.05
    retry_max_s: float = 1.0
    """Delay before reconnecting: doubles from `retry_s` to `retry_max_s`; up to half is jitter."""

"""Timeouts of Redis connections."""

import msgspec


class Timeouts(msgspec.Struct, frozen=True):
    connect_s: float = 2.0
    """To connect, and to finish the login."""

    reply_s: float = 2.0
    """A command fails without a reply for this long. If no data at all was received, reconnect."""

    probe_interval_s: float = 5.0
    probe_timeout_s: float = 10.0
    """A probe message was not received for this long: reconnect publisher and subscriber."""

    retry_s: float = 0.05
    retry_max_s: float = 1.0
    """Delay before reconnecting: doubles from `retry_s` to `retry_max_s`; up to half is jitter."""

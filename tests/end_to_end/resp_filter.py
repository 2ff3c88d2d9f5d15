"""Drops some pub/sub messages from a Redis connection.

    bytes from Redis -> complete replies -> all but the dropped messages -> bytes to the instance

Reads RESP2 and RESP3, in which a message is an array or a push. Other replies pass unchanged.
"""

END = b"\r\n"
LENGTH_PREFIXED = b"$=!"
ARRAYS = b"*>~"
MAPS = b"%"
MESSAGE_KINDS = (b"message", b"smessage")
HEAD_BYTES = 200


class RespFilter:
    """Passes everything until `drop` is called."""

    def __init__(self) -> None:
        self._connections: list[ConnectionFilter] = []
        self.every = 0
        self.topic_prefix = b""
        self.dropped = 0
        self.passed = 0

    def drop(self, every: int, topic_prefix: bytes = b"") -> None:
        """Drop every `every`-th message per connection whose topic has the prefix; 0 drops nothing."""
        self.every = every
        self.topic_prefix = topic_prefix
        self.dropped = 0
        self.passed = 0
        for connection in self._connections:
            connection.messages = 0

    def filter_connection(self) -> "ConnectionFilter":
        """Return the filter of a new connection."""
        self._connections.append(ConnectionFilter(self))
        return self._connections[-1]


class ConnectionFilter:
    """Implements `tests.tcp_proxy.StreamFilter`."""

    def __init__(self, resp_filter: RespFilter) -> None:
        self._resp_filter = resp_filter
        self._buffer = b""
        self.messages = 0

    def __call__(self, received: bytes) -> bytes:
        unread = self._buffer + received
        kept: list[bytes] = []
        at = 0
        while (end := reply_end(unread, at)) is not None:
            if self._should_drop(unread, at):
                self._resp_filter.dropped += 1
            else:
                kept.append(unread[at:end])
            at = end
        self._buffer = unread[at:]
        return b"".join(kept)

    def _should_drop(self, data: bytes, at: int) -> bool:
        parts = data[at : at + HEAD_BYTES].split(END, 5)
        if (
            len(parts) < 6
            or parts[2] not in MESSAGE_KINDS
            or not parts[4].startswith(self._resp_filter.topic_prefix)
        ):
            return False
        self.messages += 1
        drop = self._resp_filter.every > 0 and self.messages % self._resp_filter.every == 0
        self._resp_filter.passed += not drop
        return drop


def reply_end(data: bytes, at: int) -> int | None:
    """Return the end of the reply that starts at `at`; None if it is incomplete."""
    line = data.find(END, at)
    if line < 0:
        return None
    kind, after = data[at], line + len(END)
    if kind in LENGTH_PREFIXED:
        size = int(data[at + 1 : line])
        after += size + len(END) if size >= 0 else 0
        return after if after <= len(data) else None
    if kind in ARRAYS + MAPS:
        for _ in range(int(data[at + 1 : line]) * (1 + (kind in MAPS))):
            end = reply_end(data, after)
            if end is None:
                return None
            after = end
    return after

"""Leaves out some of what Redis pushes to those who listen: every so many messages, each of them whole.

    bytes from the server -> whole replies -> all but the chosen messages -> bytes to the instance

Both forms of RESP are read, in which a message is an array or a push. It never cuts a reply, nor changes
one.
"""

END = b"\r\n"
LENGTH_PREFIXED = b"$=!"
ARRAYS = b"*>~"
MAPS = b"%"
MESSAGE_KINDS = (b"message", b"smessage")
HEAD_BYTES = 200


class RespFilter:
    """Lets everything through until it is told what to lose."""

    def __init__(self) -> None:
        self._connections: list[ConnectionFilter] = []
        self.every = 0
        self.topic_prefix = b""
        self.dropped = 0
        self.passed = 0

    def drop(self, every: int, topic_prefix: bytes = b"") -> None:
        """From now on each so-manieth message of a connection whose topic begins so; with 0 none."""
        self.every = every
        self.topic_prefix = topic_prefix
        self.dropped = 0
        self.passed = 0
        for mesh in self._connections:
            mesh.messages = 0

    def filter_connection(self) -> "ConnectionFilter":
        """For one connection."""
        self._connections.append(ConnectionFilter(self))
        return self._connections[-1]


class ConnectionFilter:
    """Is a `tests.end_to_end.tcp_proxy.Strainer`."""

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
        words = data[at : at + HEAD_BYTES].split(END, 5)
        if (
            len(words) < 6
            or words[2] not in MESSAGE_KINDS
            or not words[4].startswith(self._resp_filter.topic_prefix)
        ):
            return False
        self.messages += 1
        loses = self._resp_filter.every > 0 and self.messages % self._resp_filter.every == 0
        self._resp_filter.passed += not loses
        return loses


def reply_end(data: bytes, at: int) -> int | None:
    """Where the reply that begins there ends; None while it is not all there."""
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

"""Several servers as one contender: their processor time is one sum. It starts and ends none of them."""

from collections.abc import Sequence

from bench.harness.server import Server


class ServerGroup:
    """Implements `Server`. Its port is that of the first."""

    def __init__(self, name: str, servers: Sequence[Server]) -> None:
        self.name = name
        self.port = servers[0].port
        self._servers = servers

    @property
    def pids(self) -> list[int]:
        return [pid for server in self._servers for pid in server.pids]

    def close(self) -> None:
        """Leave that to whoever started them."""

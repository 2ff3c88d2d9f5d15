"""Several servers measured as one contender: their CPU time is summed."""

from collections.abc import Sequence

from bench.harness.server import Server


class ServerGroup:
    """Implements `Server`. `port` is the first server's."""

    def __init__(self, name: str, servers: Sequence[Server]) -> None:
        self.name = name
        self.port = servers[0].port
        self._servers = servers

    @property
    def pids(self) -> list[int]:
        return [pid for server in self._servers for pid in server.pids]

    def close(self) -> None:
        """Do nothing: the servers are stopped by their own context managers."""

"""Ports of child processes: one each for instances, the same one for workers."""

import contextlib
import socket
import sys
from collections.abc import Iterator
from typing import Final

import msgspec

from config.settings import ServerSettings

MANAGEMENT_OFFSET: Final = 1000
"""Default of the first worker's management port, above the public port."""

PORT_MAX: Final = 65_535


class WorkersUnsupported(Exception):  # noqa: N818 - reads as what it says
    """Several processes cannot share a port here. The text says what to do instead."""


def instance_listeners(server: ServerSettings, count: int) -> list[ServerSettings]:
    """Return the settings of instances on ports P, P+1, ..., and management ports likewise."""
    return [
        msgspec.structs.replace(
            server,
            # 0 stays 0, a free port for each.
            port=server.port + number if server.port else 0,
            management_port=_next_port(server.management_port, number),
        )
        for number in range(count)
    ]


def worker_listeners(server: ServerSettings, port: int, count: int) -> list[ServerSettings]:
    """Return the settings of workers on one port, each with a separate management port.

    Without a configured one they start `MANAGEMENT_OFFSET` above the port: a request to the shared port
    reaches any of the workers, and metrics of any are of no use.
    """
    first = server.management_port
    if first is None:
        first = port + MANAGEMENT_OFFSET
        if first + count > PORT_MAX:
            first = port - MANAGEMENT_OFFSET
    return [
        msgspec.structs.replace(server, port=port, reuse_port=True, management_port=_next_port(first, number))
        for number in range(count)
    ]


@contextlib.contextmanager
def reserved_port(server: ServerSettings) -> Iterator[int]:
    """Hold the shared port of workers, also while none of them runs. Yields the port, chosen where it is 0.

    Raises:
        WorkersUnsupported: this system does not spread connections over the listeners of one port.
        OSError: something listens on the port. Workers alone would share it with that silently.
    """
    if sys.platform != "linux" or not hasattr(socket, "SO_REUSEPORT"):
        raise WorkersUnsupported(
            "--workers needs Linux, which spreads connections over processes that listen on one port "
            "(SO_REUSEPORT). Here, use --instances behind a reverse proxy."
        )
    family, kind, protocol, _, address = socket.getaddrinfo(
        server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
    with socket.socket(family, kind, protocol) as holder:
        # Not listening, it gets no connections.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(address)
        yield int(holder.getsockname()[1])


def _next_port(first: int | None, number: int) -> int | None:
    """Return the port of a child; 0 stays 0, a free one for each."""
    return first + number if first else first

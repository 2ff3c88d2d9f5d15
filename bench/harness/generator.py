"""A running generator: it holds its connections and obeys one slice at a time.

Where a connection was refused or lost nothing is measured: that is an error, not a figure.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bench.generator.binary import ensure_generator_binary
from bench.harness.members import Member, unauthenticated_members, write_members
from bench.harness.process_cpu import OTHER_CORE, pin
from bench.harness.server import SingleProcessServer, WireFormat

CONNECTS_PER_S = 400.0
"""Below the number of new sockets a second that the server lets in by default."""
RAW_CONNECTS_PER_S = 2000.0
PATHS = {
    WireFormat.PLAIN: "/v1/ws",
    WireFormat.SOCKET_IO: "/socket.io/?EIO=4&transport=websocket",
    WireFormat.XMPP: "/ws",
}
WIRE_FORMAT_OPTIONS: dict[WireFormat, list[str]] = {
    WireFormat.PLAIN: [],
    WireFormat.SOCKET_IO: ["-s"],
    WireFormat.XMPP: ["-x"],
}


class GeneratorFailed(Exception):  # noqa: N818 - what is the matter, said to a person
    """It ended, or lost connections."""


class Connected(msgspec.Struct, frozen=True):
    """What it cost the generator to connect all its members."""

    connections: int
    groups: int
    lost_connections: int
    seconds: float
    cpu_s: float


class Slice(msgspec.Struct, frozen=True):
    """What one slice brought. Latency is from the intended sending to each member's receipt."""

    seconds: float
    messages: int
    deliveries: int
    acks: int
    errors: int
    strays: int
    missing: int
    unsent: int
    lost_connections: int
    bytes: int
    cpu_s: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float
    lag_max_ms: float

    @property
    def faults(self) -> int:
        """Whatever must not happen: the figures of a slice with faults are not to be trusted."""
        unacknowledged = self.messages - self.acks
        return abs(unacknowledged) + self.errors + self.strays + self.missing + self.lost_connections


class Generator:
    """`mark` tells its messages from those of another one that writes into the same conversations."""

    def __init__(
        self,
        members: Sequence[Member],
        *,
        path: str = "/v1/ws",
        room_in_path: bool = False,
        wire_format: WireFormat = WireFormat.PLAIN,
        connects_per_s: float = CONNECTS_PER_S,
        mark: str | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "members"
        write_members(file, members)
        command = [str(ensure_generator_binary()), "-m", str(file), "-p", path, "-c", str(connects_per_s)]
        command += ["-r"] * room_in_path + WIRE_FORMAT_OPTIONS[wire_format]
        command += ["-k", mark] if mark is not None else []
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            pin(self._process.pid, OTHER_CORE)
            self.connected = self._connect()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> Connected:
        connected = msgspec.json.decode(self._read_line(), type=Connected)
        if connected.lost_connections:
            raise GeneratorFailed(f"{connected.lost_connections} connections lost\n{self.close()}")
        return connected

    def slice(
        self, seconds: float, *, in_flight: int = 1, per_s: float = 0.0, content_bytes: int = 40
    ) -> Slice:
        """Send for `seconds`: `in_flight` messages in each conversation, or `per_s` over all of them."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"slice {seconds} {in_flight} {per_s} {content_bytes}\n".encode())
        self._process.stdin.flush()
        return msgspec.json.decode(self._read_line(), type=Slice)

    def _read_line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise GeneratorFailed(f"the generator ended\n{self.close()}")
        return line

    def close(self) -> str:
        """End it; answers what it complained of."""
        if self._process.stdin is None or self._process.stdin.closed:
            return ""
        _, complaints = self._process.communicate()
        self._folder.cleanup()
        return complaints.decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        complaints = self.close()
        if complaints:
            print(complaints, file=sys.stderr)


def unauthenticated_generator(server: SingleProcessServer, groups: int, size: int) -> Generator:
    """For a server that knows nobody: `groups` rooms of `size`, named by the query."""
    return unauthenticated_generator_of(server, unauthenticated_members(server.port, groups, size))


def unauthenticated_generator_of(server: SingleProcessServer, members: Sequence[Member]) -> Generator:
    """The same with members who may be at other processes of that kind too."""
    return Generator(
        members,
        path=PATHS[server.wire_format],
        room_in_path=True,
        wire_format=server.wire_format,
        connects_per_s=RAW_CONNECTS_PER_S,
    )

"""The websocket load generator process: holds its connections and runs one slice at a time.

A refused or lost connection is an error, not a measurement.
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
from bench.harness.child_processes import end_with_parent
from bench.harness.members import Member, unauthenticated_members, write_members
from bench.harness.process_cpu import OTHER_CORE, pin
from bench.harness.server import SingleProcessServer, WireFormat

CONNECTS_PER_S = 400.0
"""Below the server's default admission rate."""
RAW_CONNECTS_PER_S = 2000.0
CLOSE_TIMEOUT_S = 10.0
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


class GeneratorFailed(Exception):  # noqa: N818 - the message is the whole report
    """The generator exited, or lost connections."""


class Connected(msgspec.Struct, frozen=True):
    """Result of connecting all members, with the generator's cost."""

    connections: int
    groups: int
    lost_connections: int
    seconds: float
    cpu_s: float


class Slice(msgspec.Struct, frozen=True):
    """Result of one slice. Latency is from the intended send time to each member's receipt.

    `refused` are the errors that answer a message and have `retry_after_ms`.
    """

    seconds: float
    messages: int
    deliveries: int
    acks: int
    errors: int
    refused: int
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
        """Number of lost, refused, unexpected and unacknowledged messages. A slice with faults is invalid."""
        unacknowledged = self.messages - self.acks
        return abs(unacknowledged) + self.errors + self.strays + self.missing + self.lost_connections


class Generator:
    """The generator process. `mark` identifies its messages when two generators share conversations."""

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
            preexec_fn=end_with_parent,  # noqa: PLW1509 - no other thread runs while a process is started
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
        """Send for `seconds`.

        Keeps `in_flight` messages outstanding in each conversation, or sends `per_s` messages/s over all
        conversations if `per_s` is not 0.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(f"slice {seconds} {in_flight} {per_s} {content_bytes}\n".encode())
        self._process.stdin.flush()
        return msgspec.json.decode(self._read_line(), type=Slice)

    def _read_line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise GeneratorFailed(f"the generator exited\n{self.close()}")
        return line

    def close(self) -> str:
        """Stop the process and return its logged errors."""
        if self._process.stdin is None or self._process.stdin.closed:
            return ""
        try:
            _, logged_errors = self._process.communicate(timeout=CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, logged_errors = self._process.communicate()
        self._folder.cleanup()
        return logged_errors.decode(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if _error is not None:
            # It may be in the middle of a slice.
            self._process.terminate()
        logged_errors = self.close()
        if logged_errors:
            print(logged_errors, file=sys.stderr)


def unauthenticated_generator(server: SingleProcessServer, groups: int, size: int) -> Generator:
    """Connect to a server without authentication: `groups` rooms of `size`, named in the query string."""
    return unauthenticated_generator_of(server, unauthenticated_members(server.port, groups, size))


def unauthenticated_generator_of(server: SingleProcessServer, members: Sequence[Member]) -> Generator:
    """Like `unauthenticated_generator`, for members on several ports of the same kind of server."""
    return Generator(
        members,
        path=PATHS[server.wire_format],
        room_in_path=True,
        wire_format=server.wire_format,
        connects_per_s=RAW_CONNECTS_PER_S,
    )

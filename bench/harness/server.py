"""Servers under measurement: pinned child processes, and the baseline servers of `bench/baselines`."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bench.harness.child_processes import end_with_parent, kill_group
from bench.harness.process_cpu import SERVER_CORE, pin

ROOT = Path(__file__).resolve().parents[2]


class ServerFailed(Exception):  # noqa: N818 - the message is the whole report
    """A server did not start, or exited."""


class WireFormat(StrEnum):
    """Encoding on the websocket: plain JSON objects, Socket.IO events or XMPP group chat."""

    PLAIN = "plain"
    SOCKET_IO = "socket.io"
    XMPP = "xmpp"


class Server(Protocol):
    """A server whose CPU time is measured."""

    name: str
    port: int

    @property
    def pids(self) -> list[int]:
        """The processes whose CPU time is counted."""

    def close(self) -> None:
        """Stop the server and its child processes."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A child process in its own process group, pinned to `core`. Its output is kept for error messages.

    `environment` is added to the inherited environment.
    """

    def __init__(self, command: list[str], core: int, environment: Mapping[str, str] | None = None) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509 - no other thread runs while a process is started
        )
        self.pid = self._process.pid
        pin(self.pid, core)

    def raise_if_exited(self) -> None:
        """Check that the process is running.

        Raises:
            ServerFailed: it has exited; the message contains its last output.
        """
        if self._process.poll() is not None:
            raise ServerFailed(f"exited with status {self._process.returncode}:\n{self.output()}")

    def output(self, length: int = 3000) -> str:
        end = self._output.seek(0, 2)
        self._output.seek(max(0, end - length))
        return self._output.read().decode(errors="replace")

    def kill(self) -> None:
        """Send SIGKILL and wait."""
        self._process.kill()
        self._process.wait()

    def wait_for_exit(self, timeout_s: float) -> int:
        """Wait for the process to exit and return its status.

        Raises:
            ServerFailed: it is still running after `timeout_s`.
        """
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"still running after {timeout_s:g} s:\n{self.output()}") from None

    def close(self, timeout_s: float = 5.0) -> None:
        try:
            self._process.terminate()
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            kill_group(self.pid)
            self._process.wait()
        kill_group(self.pid)
        self._output.close()


class SingleProcessServer:
    """A server in one process on the server core, with the room named in the query string."""

    def __init__(
        self,
        name: str,
        port: int,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        *,
        start_timeout_s: float = 15.0,
        wire_format: WireFormat = WireFormat.PLAIN,
    ) -> None:
        self.name = name
        self.port = port
        self.wire_format = wire_format
        self._process = Process(command, SERVER_CORE, environment)
        try:
            self._wait_listening(start_timeout_s)
            # Threads created while the process was first moved may still be on another core.
            pin(self._process.pid, SERVER_CORE)
        except BaseException:
            self.close()
            raise

    def _wait_listening(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self._process.raise_if_exited()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise ServerFailed(f"{self.name} does not listen:\n{self._process.output()}")

    @property
    def pids(self) -> list[int]:
        return [self._process.pid]

    def close(self) -> None:
        self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


class BaselineServer(SingleProcessServer):
    """A server from a module of `bench/baselines`."""

    def __init__(
        self, name: str, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        port = free_port()
        command = [sys.executable, "-m", f"bench.baselines.{module}", "--port", str(port), *arguments]
        super().__init__(name, port, command, environment)


def l0_per_message_server() -> BaselineServer:
    return BaselineServer("L0", "l0", "--write", "each")


def l0_joined_server() -> BaselineServer:
    return BaselineServer("L0 joined", "l0", "--write", "joined")


def aiohttp_send_server() -> BaselineServer:
    return BaselineServer("aiohttp send_str", "aiohttp_send")

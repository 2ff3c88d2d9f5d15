"""A server under measurement: a process of its own, pinned, and the reference servers of `bench/baselines`.

A server is ended by the pid that was started here. It is never asked about its own cost.
"""

import os
import signal
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

from bench.harness.process_cpu import SERVER_CORE, pin

ROOT = Path(__file__).resolve().parents[2]


class ServerFailed(Exception):  # noqa: N818 - what is the matter, said to a person
    """A server did not start, or died."""


class WireFormat(StrEnum):
    """What goes over the websocket: plain objects, those as events of Socket.IO, or group chat of XMPP."""

    PLAIN = "plain"
    SOCKET_IO = "socket.io"
    XMPP = "xmpp"


class Server(Protocol):
    """Something that listens and costs."""

    name: str
    port: int

    @property
    def pids(self) -> list[int]:
        """The processes whose time counts."""

    def close(self) -> None:
        """End it and whatever it started."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A child process in a group of its own, its output kept for the case that it fails.

    `variables` go into its environment beside this process's own.
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
        )
        self.pid = self._process.pid
        pin(self.pid, core)

    def raise_if_exited(self) -> None:
        """Say so if it has ended.

        Raises:
            ServerFailed: it has, with the last it said.
        """
        if self._process.poll() is not None:
            raise ServerFailed(f"ended with {self._process.returncode}:\n{self.output()}")

    def output(self, length: int = 3000) -> str:
        end = self._output.seek(0, 2)
        self._output.seek(max(0, end - length))
        return self._output.read().decode(errors="replace")

    def kill(self) -> None:
        """End it with no warning."""
        self._process.kill()
        self._process.wait()

    def wait_for_exit(self, timeout_s: float) -> int:
        """Wait for its own end; answers its status. Raises `ServerFailed` when it goes on."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ServerFailed(f"still running after {timeout_s:g} s:\n{self.output()}") from None

    def close(self, timeout_s: float = 5.0) -> None:
        try:
            self._process.terminate()
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        self._output.close()


class SingleProcessServer:
    """A server that is one process, alone on the server's core, and finds the room in the request's query."""

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
            # Threads that were being born when it was first moved may have stayed behind.
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
    """One of the modules of `bench/baselines`."""

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

"""Runs Convene's load tester as a subprocess.

For what the C generator cannot do: resume, verify deliveries and reconnect.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from bench.harness.process_cpu import OTHER_CORE
from bench.harness.server import Process, ServerFailed

PREPARE_TIMEOUT_S = 120.0
CONNECT_TIMEOUT_S = 180.0
EXIT_TIMEOUT_S = 240.0


class Percentiles(msgspec.Struct, frozen=True):
    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class Point(msgspec.Struct, frozen=True):
    phase: str
    p99_ms: float


class LoadReport(msgspec.Struct, frozen=True):
    """The fields of a load test report (`loadtest/report/report.py`) that the benchmarks use."""

    saturated: bool
    operations: dict[str, Percentiles]
    counts: dict[str, int]
    errors: dict[str, int]
    fault_counts: dict[str, int]
    points: list[Point]


class LoadTester:
    """One run of `run.py load`. `arguments` start with the scenario.

    With `low_priority` the load tester yields to all other processes on its core: its clients represent many
    separate machines.
    """

    def __init__(self, arguments: list[str], users_file: Path, *, low_priority: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bench-load-"))
        options = ["--users-file", str(users_file), "--report", str(self._folder), "--plain"]
        nice = ["nice", "-n", "10"] if low_priority else []
        self._process = Process([*nice, sys.executable, "run.py", "load", *arguments, *options], OTHER_CORE)

    def wait_for_phase(self, phase: str) -> None:
        """Wait until the run reaches `phase`.

        Raises:
            ServerFailed: it exited earlier, or did not reach the phase in time.
        """
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while f"-- {phase}\n" not in self._process.output():
            self._process.raise_if_exited()
            if time.monotonic() > deadline:
                raise ServerFailed(
                    f"phase {phase} was not reached within {CONNECT_TIMEOUT_S:g} s:\n{self._process.output()}"
                )
            time.sleep(0.05)

    def report(self) -> LoadReport:
        """Wait for the run to end and read its report, passed or failed."""
        self._process.wait_for_exit(EXIT_TIMEOUT_S)
        file = self._folder / "report.json"
        if not file.exists():
            raise ServerFailed(f"no report:\n{self._process.output()}")
        return msgspec.json.decode(file.read_bytes(), type=LoadReport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def prepare_users(users: int, file: Path, environment: Mapping[str, str]) -> Path:
    """Insert users directly into the stores, without hashing passwords; return the users file."""
    command = [sys.executable, "run.py", "load", "prepare", "--users", str(users), "--users-file", str(file)]
    process = Process(command, OTHER_CORE, environment)
    try:
        if process.wait_for_exit(PREPARE_TIMEOUT_S):
            raise ServerFailed(process.output())
    finally:
        process.close()
    return file

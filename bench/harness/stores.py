"""Ephemeral stores on the other core, for benchmarks that insert data first or run several instances."""

import contextlib
import shlex
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil  # type: ignore[import-untyped]

from bench.harness.process_cpu import OTHER_CORE
from bench.harness.server import Process, ServerFailed

START_S = 120.0
STOP_S = 40.0
STORE_VARIABLES = ("CONVENE_POSTGRES_URL", "CONVENE_MONGO_URL", "CONVENE_REDIS_URL")
CONFIGURATION = "[stores]\nephemeral = true\n"


class BenchStores:
    """Stores started by `run.py stores`. `environment` holds the variables that point a server at them."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            configuration = Path(folder) / "stores.toml"
            configuration.write_text(CONFIGURATION, encoding="ascii")
            command = [sys.executable, "run.py", "stores", "--config", str(configuration)]
            self._process = Process(command, OTHER_CORE)
            try:
                self.environment = self._read_environment()
            except BaseException:
                self.close()
                raise

    @property
    def postgres_url(self) -> str:
        return self.environment["CONVENE_POSTGRES_URL"]

    def find_process(self, command: str) -> psutil.Process:
        """Return the store whose command line contains `command`; its first process, not its workers.

        Raises:
            ServerFailed: there is none.
        """
        for process in psutil.Process(self._process.pid).children(recursive=True):
            # One that has just been killed has no command line.
            with contextlib.suppress(psutil.Error):
                if command in " ".join(process.cmdline()[:1]):
                    return process
        raise ServerFailed(f"no store runs {command!r}")

    def cpu_seconds(self, command: str) -> float:
        """Return the CPU time of a store with its workers, including those that have exited."""
        process = self.find_process(command)
        total = 0.0
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = each.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def is_restarted(self, command: str, previous_pid: int) -> bool:
        """Whether a store runs again in another process."""
        try:
            return bool(self.find_process(command).pid != previous_pid)
        except (ServerFailed, psutil.Error):
            return False

    def _read_environment(self) -> dict[str, str]:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self._process.raise_if_exited()
            environment = dict(
                shlex.split(line.removeprefix("export "))[0].split("=", 1)
                for line in self._process.output().splitlines()
                if line.startswith("export CONVENE_")
            )
            if environment.keys() >= set(STORE_VARIABLES):
                return environment
            time.sleep(0.1)
        raise ServerFailed(f"the stores were not ready within {START_S:.0f} s")

    def close(self) -> None:
        self._process.close(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

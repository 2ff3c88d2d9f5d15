"""Convene under measurement: `run.py`, the server on one core, its stores on the other.

Without `stores` it has its own, and its users and conversations are made over HTTP by the public contract
alone. It never reaches into the stores.
"""

import sys
import time
import urllib.error
import urllib.request
from types import TracebackType
from typing import Self

from bench.harness.process_cpu import OTHER_CORE, SERVER_CORE, listening_pid, pin
from bench.harness.server import ROOT, Process, ServerFailed, free_port
from bench.harness.stores import BenchStores

START_S = 120.0
STOP_S = 40.0


class ConveneServer:
    """The whole product on one instance, with the shipped configuration."""

    def __init__(
        self,
        stores: BenchStores | None = None,
        *,
        name: str = "Convene",
        core: int = SERVER_CORE,
        port: int | None = None,
    ) -> None:
        if not (ROOT / "run.py").exists():
            raise ServerFailed("there is no run.py here: give --baselines-only to measure the limits alone")
        self.name = name
        self.port = port or free_port()
        command = [sys.executable, "run.py", "--port", str(self.port)]
        # Stores of its own are its children: born on the other core, they stay there when it moves.
        self._process = (
            Process([*command, "--ephemeral"], OTHER_CORE)
            if stores is None
            else Process(command, OTHER_CORE, stores.environment)
        )
        try:
            self._wait_ready()
            self._server_pid = listening_pid(self.port)
            pin(self._server_pid, core)
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        return [self._server_pid]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self._process.raise_if_exited()
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise ServerFailed(f"not ready within {START_S:.0f} s:\n{self._process.output()}")

    def kill(self) -> None:
        """SIGKILL, on stores of others: nothing is said goodbye to."""
        self._process.kill()

    def close(self) -> None:
        self._process.close(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

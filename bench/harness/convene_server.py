"""Convene under measurement: `run.py` with the server on one core and its stores on the other."""

import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from bench.harness.process_cpu import OTHER_CORE, SERVER_CORE, listening_pids, pin
from bench.harness.server import ROOT, Process, ServerFailed, free_port
from bench.harness.store_links import StoreLinks
from bench.harness.stores import BenchStores

START_S = 120.0
STOP_S = 40.0
SETTINGS = {"CONVENE_LIMITS_HTTP_KEEPALIVE_S": "600", "CONVENE_LIMITS_REQUEST_TIMEOUT_MS": "120000"}


class ConveneServer:
    """One Convene instance, or several workers on one port. `arguments` are added to the command line.

    It has the default configuration, except that its `settings` keep connections which wait for their next
    slice.
    Without `stores` the instance starts ephemeral stores of its own.
    """

    def __init__(
        self,
        stores: BenchStores | StoreLinks | None = None,
        *,
        name: str = "Convene",
        core: int = SERVER_CORE,
        port: int | None = None,
        workers: int = 1,
        arguments: Sequence[str] = (),
        settings: Mapping[str, str] = SETTINGS,
    ) -> None:
        if not (ROOT / "run.py").exists():
            raise ServerFailed("run.py was not found: pass --baselines-only to measure only the baselines")
        self.name = name
        self.port = port or free_port()
        command = [sys.executable, "run.py", "--port", str(self.port), *arguments]
        if workers > 1:
            command += ["--workers", str(workers)]
        # Ephemeral stores are child processes: they inherit the other core and stay when the server moves.
        self._process = (
            Process([*command, "--ephemeral"], OTHER_CORE, settings)
            if stores is None
            else Process(command, OTHER_CORE, {**settings, **stores.environment})
        )
        try:
            self._wait_ready(workers)
            self._server_pids = listening_pids(self.port)
            for pid in self._server_pids:
                pin(pid, core)
        except BaseException:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        return self._server_pids

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _wait_ready(self, workers: int) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self._process.raise_if_exited()
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as response:
                    # Each worker listens when it is ready.
                    if response.status == 200 and len(listening_pids(self.port)) == workers:
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.1)
        raise ServerFailed(f"not ready within {START_S:.0f} s:\n{self._process.output()}")

    def kill(self) -> None:
        """Send SIGKILL: no shutdown and no close frames. For instances with shared stores only."""
        self._process.kill()

    def close(self) -> None:
        self._process.close(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

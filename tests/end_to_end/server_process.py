"""A server process under test: start, pause, stop and kill.

Without a fixed port the server chooses one, which is read from its log.
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
import msgspec

from server.observability.health import METRICS_CACHE_S
from storage.embedded import StoreUrls
from tests.end_to_end.polling import wait_until

ROOT = Path(__file__).parents[2]
LISTENING_PATTERN = re.compile(r"listening on 127\.0\.0\.1:(\d+)")
START_TIMEOUT_S = 80.0
STOP_TIMEOUT_S = 30.0


class ServerStores(msgspec.Struct, frozen=True):
    """The stores of one or more instances. `databases` overrides the database URL per service.

    No process gets the administrator's rights on the databases of services: what it created there would
    belong to the administrator, and the services could not migrate it.
    """

    urls: StoreUrls
    databases: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        databases = self.urls.postgres_by_service | self.databases
        named = {f"CONVENE_POSTGRES_URL_{service.upper()}": url for service, url in databases.items()}
        return {
            "CONVENE_POSTGRES_URL": self.urls.postgres,
            **named,
            "CONVENE_MONGO_URL": self.urls.mongo,
            "CONVENE_REDIS_URL": self.urls.redis,
        }


PORTS = range(15_000, 30_000)
"""Below the ephemeral port range."""


def free_port() -> int:
    """Return an unused port that can be bound again after the process on it has exited."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


class ServerProcess:
    """A server instance. `limits` sets `CONVENE_LIMITS_*` variables: `{"WRITE_TIMEOUT_MS": "2000"}`.

    `arguments` are those of the command line.
    """

    def __init__(
        self,
        stores: ServerStores,
        log: Path,
        limits: Mapping[str, str] | None = None,
        port: int = 0,
        arguments: Sequence[str] = (),
    ) -> None:
        self._log = log
        self._arguments = arguments
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CONVENE_")},
            **stores.environment(),
            **{f"CONVENE_LIMITS_{name}": value for name, value in (limits or {}).items()},
            "CONVENE_PORT": str(port),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    async def start(self) -> None:
        """Start the process and wait until it is ready."""
        self._process = self._spawn()
        try:
            await wait_until(self._is_listening, START_TIMEOUT_S, f"an instance did not start: {self._log}")
            await self._wait_ready()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log_text(self) -> str:
        """The log output so far."""
        return self._log.read_text(errors="replace")

    async def metrics(self) -> dict[str, float]:
        """Read /metrics; keys are names with labels. Those rendered before this call are not used."""
        await asyncio.sleep(METRICS_CACHE_S)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/metrics") as response,
        ):
            lines = (await response.text()).splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def wait_for_exit(self, timeout_s: float = STOP_TIMEOUT_S) -> int:
        """Wait for the process to exit and return its exit code."""
        process = self._process
        assert process is not None
        await wait_until(lambda: process.poll() is not None, timeout_s, "the instance did not exit")
        assert process.returncode is not None
        return process.returncode

    async def stop(self) -> int:
        """Send SIGTERM, wait and return the exit code."""
        self.signal(signal.SIGTERM)
        return await self.wait_for_exit()

    def close(self) -> None:
        """Stop the process in any state, with SIGKILL if it does not exit."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        with self._log.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, str(ROOT / "run.py"), *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _is_listening(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"an instance exited during startup:\n{self.log_text[-2000:]}"
        match = LISTENING_PATTERN.search(self.log_text)
        if match is not None:
            self.url = f"http://127.0.0.1:{match[1]}"
        return match is not None

    async def _wait_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"{self.url}/readyz") as response:
                    if response.status == 200:
                        return
                    assert time.monotonic() < deadline, await response.text()

"""One real server process on given stores, started, paused, stopped and killed by its pid.

It listens on a port of its own choice, which it tells in its log, or on the one that it is given, to be
found there again after a restart. It never outlives `close`.
"""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import msgspec

from storage.embedded import StoreUrls
from tests.end_to_end.polling import wait_until

ROOT = Path(__file__).parents[2]
LISTENING_PATTERN = re.compile(r"listening on 127\.0\.0\.1:(\d+)")
START_TIMEOUT_S = 40.0
STOP_TIMEOUT_S = 30.0


class ServerStores(msgspec.Struct, frozen=True):
    """The stores of some instances; `databases` by service, where they do not have them to themselves."""

    urls: StoreUrls
    databases: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        named = {f"CONVENE_POSTGRES_URL_{service.upper()}": url for service, url in self.databases.items()}
        return {
            "CONVENE_POSTGRES_URL": self.urls.postgres,
            **named,
            "CONVENE_MONGO_URL": self.urls.mongo,
            "CONVENE_REDIS_URL": self.urls.redis,
        }


PORTS = range(15_000, 30_000)
"""None of those that a connection gets which asks for no port."""


def free_port() -> int:
    """One that nobody listens on, and that will be free again when who listened has ended."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", port))
            return port


class ServerProcess:
    """`limits` are variables of the environment, by their last words: `{"WRITE_TIMEOUT_MS": "2000"}`."""

    def __init__(
        self, stores: ServerStores, log: Path, limits: Mapping[str, str] | None = None, port: int = 0
    ) -> None:
        self._log = log
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CONVENE_")},
            **stores.environment(),
            **{f"CONVENE_LIMITS_{name}": value for name, value in (limits or {}).items()},
            "CONVENE_PORT": str(port),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    async def start(self) -> None:
        """Answers once it is ready."""
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
        """What it has logged."""
        return self._log.read_text(errors="replace")

    async def metrics(self) -> dict[str, float]:
        """What it counts, by name and labels."""
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
        """Wait for its end; answers its exit code."""
        process = self._process
        assert process is not None
        await wait_until(lambda: process.poll() is not None, timeout_s, "the instance did not end")
        assert process.returncode is not None
        return process.returncode

    async def stop(self) -> int:
        """Ask it to stop; answers its exit code."""
        self.signal(signal.SIGTERM)
        return await self.wait_for_exit()

    def close(self) -> None:
        """See that it is gone, whatever state it is in."""
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
                [sys.executable, str(ROOT / "run.py")],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _is_listening(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"an instance died at its start:\n{self.log_text[-2000:]}"
        found = LISTENING_PATTERN.search(self.log_text)
        if found is not None:
            self.url = f"http://127.0.0.1:{found[1]}"
        return found is not None

    async def _wait_ready(self) -> None:
        end = time.monotonic() + START_TIMEOUT_S
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"{self.url}/readyz") as response:
                    if response.status == 200:
                        return
                    assert time.monotonic() < end, await response.text()

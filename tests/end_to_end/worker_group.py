"""`run.py --workers N` as a process under test, with what each worker tells on its management port."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from server.observability.health import METRICS_CACHE_S
from tests.end_to_end.polling import wait_until
from tests.end_to_end.server_process import START_TIMEOUT_S, ServerProcess, ServerStores

MANAGEMENT_PATTERN = re.compile(r"metrics on 127\.0\.0\.1:(\d+)")
CONNECTIONS_PATTERN = re.compile(r"^convene_connections (\S+)", re.MULTILINE)


class WorkerGroup(ServerProcess):
    """The supervisor of `count` workers. Its `pid`, signals and exit status are those of the supervisor."""

    def __init__(
        self, stores: ServerStores, log: Path, count: int, variables: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(stores, log, arguments=("--workers", str(count)))
        self._environment |= {"CONVENE_MANAGEMENT_PORT": "0", **(variables or {})}
        self._count = count

    def management_ports(self) -> list[int]:
        """The management ports of all workers that were started so far, in order of their start."""
        return [int(port) for port in MANAGEMENT_PATTERN.findall(self.log_text)]

    def worker_pids(self) -> list[int]:
        """The running child processes of the supervisor."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    async def wait_until_listening(self, started: int) -> None:
        """Wait until so many workers, former ones included, have begun to listen."""
        await wait_until(
            lambda: self.log_text.count("listening on") >= started,
            START_TIMEOUT_S,
            f"workers did not start: {self._log}",
        )

    async def wait_for_connections(self, total: int) -> list[int]:
        """Wait until all workers together have so many websocket connections; return those of each."""
        async with asyncio.timeout(START_TIMEOUT_S):
            while True:
                counts = await asyncio.gather(*(_connections(port) for port in self.management_ports()))
                if sum(counts) == total:
                    return counts
                await asyncio.sleep(METRICS_CACHE_S)

    async def _wait_ready(self) -> None:
        await self.wait_until_listening(self._count)


async def _connections(port: int) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        found = CONNECTIONS_PATTERN.search(await response.text())
    assert found is not None
    return int(float(found[1]))

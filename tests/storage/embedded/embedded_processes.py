"""Inspects processes of a stores folder through /proc, not through pid files; and a second user process."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec

from storage.embedded import StoreUrls
from storage.embedded.server_command import ServerCommand

ROOT = Path(__file__).parents[3]
CHILD = Path(__file__).with_name("stores_child.py")
SERVERS = {
    "postgres": ("postgres", "postgres"),
    "redis": ("valkey-server", "valkey"),
    "mongo": ("secantusd-rs", "mongo"),
}


async def wait_until(
    condition: Callable[[], object] | Callable[[], Awaitable[object]], timeout_s: float = 60.0
) -> None:
    """Wait until the condition is true; an exception counts as false."""
    deadline = time.monotonic() + timeout_s
    while True:
        with contextlib.suppress(Exception):
            answer = condition()
            if isinstance(answer, Awaitable):
                answer = await answer
            if answer:
                return
        assert time.monotonic() < deadline, f"not within {timeout_s} s"
        await asyncio.sleep(0.05)


class FolderProcesses:
    """A stores folder and the processes on it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def server(self, store: str) -> int | None:
        return self.servers().get(store)

    def servers(self) -> dict[str, int]:
        """Return the oldest server process of each store, without starting ones."""
        found: dict[str, int] = {}
        for pid, arguments in self._processes():
            for store, (program, data) in SERVERS.items():
                if arguments[0].endswith(f"/{program}") and str(self.path / data) in arguments:
                    found.setdefault(store, pid)
        return found

    def count(self) -> int:
        """Return all processes with this folder's data in their command line."""
        marks = {str(self.path / data) for _, data in SERVERS.values()}
        return sum(not marks.isdisjoint(arguments) for _, arguments in self._processes())

    def kill_servers(self) -> None:
        """Kill processes that a failed test left running."""
        while running := self.servers():
            for pid in running.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _processes(self) -> Iterator[tuple[int, list[str]]]:
        for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda entry: int(entry.name)):
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                if os.fsencode(self.path) in line:
                    yield int(entry.name), [os.fsdecode(part) for part in line.split(b"\0")]


class ChildUser:
    """A second user of the folder, in a separate process."""

    def __init__(self, folder: Path, keep: str, user: int | None = None, program: Path = CHILD) -> None:
        argv = (sys.executable, str(program), str(folder), keep)
        command = ServerCommand(argv, working_folder=ROOT, uid=user, required_paths=(program,))
        self.process = subprocess.Popen(
            command.launcher_argv(),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    async def read_line(self) -> str:
        assert self.process.stdout is not None
        return (await asyncio.to_thread(self.process.stdout.readline)).decode().strip()

    async def urls(self) -> StoreUrls:
        return msgspec.json.decode(await self.read_line(), type=StoreUrls)

    async def leave(self) -> None:
        self.close_input()
        await asyncio.to_thread(self.process.wait, 60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def close(self) -> None:
        self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.close_input()


def process_file(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def process_exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def process_owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


class RecordedReports(list[tuple[str, str]]):
    def __call__(self, store: str, what: str) -> None:
        self.append((store, what))

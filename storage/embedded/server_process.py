"""One server process: spawned or found, identified by more than its pid, stopped step by step.

The server has its own session and log file and no pipe to this process, so it survives this process unless
its command sets a parent-death signal. The kernel sends it on Linux; elsewhere a `ParentPipe` takes its
place.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from storage.embedded.process_table import ProcessIdentity
from storage.embedded.server_command import (
    ParentPipe,
    ServerCommand,
    find_server,
    identify,
    is_server_for,
    open_parent_pipe,
    server_environment,
)

ResultT = TypeVar("ResultT")


LOG_LIMIT_BYTES = 8 << 20
LOG_TAIL_BYTES = 4096
POLL_S = 0.02

StopSteps: TypeAlias = Sequence[tuple[signal.Signals, float]]
"""Signals to send one after another, each with the seconds to wait for the exit."""


class PidFile(msgspec.Struct, frozen=True):
    process: ProcessIdentity
    restarts: int


class ServerProcess:
    def __init__(self, program: Path, data: Path, pid_file: Path, log_file: Path) -> None:
        self._program = program.name
        self._data = data
        self._pid_file = pid_file
        self._log_file = log_file
        self._identity: ProcessIdentity | None = None
        self._parent_pipe: ParentPipe | None = None

    @property
    def pid(self) -> int | None:
        return self._identity.pid if self._identity is not None and self.alive() else None

    @property
    def restarts(self) -> int:
        """How often the server was restarted, by any supervisor of the folder."""
        recorded = self._read_pid_file()
        return recorded.restarts if recorded is not None else 0

    def find(self) -> bool:
        """Find a running server: the known one, the one in the pid file, or any process on the folder."""
        if self.find_known():
            return True
        self._identity = find_server(self._program, self._data)
        if self._identity is not None:
            self._write_pid_file(self._identity, self.restarts)
        return self._identity is not None

    def find_known(self) -> bool:
        """Like `find`, but without scanning all processes."""
        if self.alive():
            return True
        recorded = self._read_pid_file()
        if recorded is None or identify(recorded.process.pid) != recorded.process:
            return False
        if not is_server_for(recorded.process.pid, self._program, self._data):
            return False
        self._identity = recorded.process
        return True

    def alive(self) -> bool:
        """Whether the known server runs. Reaps it if it was our child and has exited."""
        if self._identity is None:
            return False
        _reap(self._identity.pid)
        return identify(self._identity.pid) == self._identity

    def spawn(self, command: ServerCommand, *, restarts: int) -> None:
        """Start the server. Synchronous, so that a cancellation cannot lose the process."""
        self._trim_log()
        self._close_parent_pipe()
        self._parent_pipe = parent_pipe = open_parent_pipe(command)
        argv = command.launcher_argv(None if parent_pipe is None else parent_pipe.inherited)
        try:
            pid = _spawn(argv, self._log_file)
        finally:
            if parent_pipe is not None:
                parent_pipe.close_inherited()
        self._identity = identify(pid)
        if self._identity is None:
            _reap(pid)
        else:
            self._write_pid_file(self._identity, restarts)

    async def stop(self, steps: StopSteps) -> None:
        """Send the signals one after another, each time waiting up to its timeout for the process to exit."""
        for number, timeout_s in steps:
            if self._identity is None or not self.alive():
                break
            _send_signal(self._identity, number)
            deadline = time.monotonic() + timeout_s
            while self.alive() and time.monotonic() < deadline:  # noqa: ASYNC110 - no event for a process that is not a child
                await asyncio.sleep(POLL_S)
        if not self.alive():
            self._identity = None
            self._close_parent_pipe()

    def log_tail(self, lines: int = 3) -> str:
        """Return the last lines of the server's log, to explain why it does not start."""
        try:
            with self._log_file.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        return " | ".join(line.strip() for line in text.splitlines()[-lines:])

    def _read_pid_file(self) -> PidFile | None:
        try:
            return msgspec.json.decode(self._pid_file.read_bytes(), type=PidFile)
        except (OSError, msgspec.DecodeError):
            return None  # missing, empty or truncated: scanning the processes decides

    def _write_pid_file(self, process: ProcessIdentity, restarts: int) -> None:
        # A full disk must not stop us: the server is found without the file too.
        with contextlib.suppress(OSError):
            temporary = self._pid_file.with_suffix(".new")
            temporary.write_bytes(msgspec.json.encode(PidFile(process, restarts)))
            temporary.replace(self._pid_file)

    def _close_parent_pipe(self) -> None:
        if self._parent_pipe is not None:
            self._parent_pipe.close()
            self._parent_pipe = None

    def _trim_log(self) -> None:
        with contextlib.suppress(OSError):
            if self._log_file.stat().st_size > LOG_LIMIT_BYTES:
                self._log_file.replace(self._log_file.with_suffix(".old"))


def _spawn(argv: list[str], log_file: Path) -> int:
    """Start a process in its own session and return its pid. The launcher makes the session if needed."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log_file), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    environment = server_environment()
    try:
        return os.posix_spawn(
            sys.executable, argv, environment, file_actions=actions, setsid=True, setsigmask=()
        )
    except NotImplementedError:  # where Python was built for an older macOS
        return os.posix_spawn(sys.executable, argv, environment, file_actions=actions, setsigmask=())


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):  # adopted, or reaped already
        os.waitpid(pid, os.WNOHANG)


def _send_signal(process: ProcessIdentity, signal_number: signal.Signals) -> None:
    if not hasattr(os, "pidfd_open"):
        # Between the two calls the pid could be reused, which takes many processes within microseconds.
        if identify(process.pid) == process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal_number)
        return
    # Open the descriptor before checking the identity, so that a reused pid is not signalled.
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if identify(process.pid) == process:
            signal.pidfd_send_signal(descriptor, signal_number)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


async def run_to_completion(coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run to the end. A cancellation is deferred until then and raised instead of the result.

    Drivers leak a socket if they are cancelled while connecting, and turn some cancellations into their own
    errors. An interrupted stop would leave servers running.
    """
    task = asyncio.create_task(coroutine)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        if not task.cancelled():
            task.exception()  # retrieved, to prevent asyncio's warning
        raise asyncio.CancelledError
    return task.result()

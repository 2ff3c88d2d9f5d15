"""How a store's server is started and recognised: its command line, its environment and its process."""

import os
import signal
import sys
from pathlib import Path

import msgspec

from storage.embedded.process_table import ProcessIdentity, process_table


class ServerCommand(msgspec.Struct, frozen=True):
    """The command line of a server. Contains no password: every user of the machine can read it."""

    argv: tuple[str, ...]
    working_folder: Path
    """The data folder; a running server is recognized by it."""
    uid: int | None = None
    """The unprivileged uid to switch to, if this process is root."""
    required_paths: tuple[Path, ...] = ()
    """Paths that this uid must be able to access, besides the program."""
    parent_death_signal: signal.Signals | None = None
    """The signal sent to the server when this process dies; None keeps it running."""

    def launcher_argv(self, parent_pipe: int | None = None) -> list[str]:
        """Return the command line, prefixed with the launcher.

        `parent_pipe` is the end of a `ParentPipe` that the process inherits, where the kernel sends no
        signal.
        """
        options = [f"folder={self.working_folder}"]
        if self.uid is not None:
            options += [f"user={self.uid}", *(f"reach={path}" for path in self.required_paths)]
        if self.parent_death_signal is not None:
            options += [f"parent={os.getpid()}", f"death={int(self.parent_death_signal)}"]
        if parent_pipe is not None:
            options.append(f"parent_pipe={parent_pipe}")
        return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--", *self.argv]


def has_parent_death_signal() -> bool:
    """Whether the kernel sends a signal when the parent of a process dies. Elsewhere a `ParentPipe` does."""
    return sys.platform.startswith("linux")


class ParentPipe:
    """A pipe that closes when this process dies, or by `close`; a watcher of the pipe then ends the server.

    Only this process has the writing end. `inherited` is the end for the server's launcher.
    """

    def __init__(self) -> None:
        self.inherited, self._kept = os.pipe()
        os.set_inheritable(self.inherited, True)

    def close_inherited(self) -> None:
        """Close the launcher's end here, after it was started."""
        os.close(self.inherited)

    def close(self) -> None:
        os.close(self._kept)


def open_parent_pipe(command: ServerCommand) -> ParentPipe | None:
    """Return a pipe for a command that must end with this process, where the kernel does not ensure it."""
    needs_one = command.parent_death_signal is not None and not has_parent_death_signal()
    return ParentPipe() if needs_one else None


def server_environment() -> dict[str, str]:
    """Return a minimal environment: ours contains passwords and variables that change a server's settings."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
    return {"LC_ALL": "C", "TZ": "UTC", **{name: os.environ[name] for name in kept if name in os.environ}}


def identify(pid: int) -> ProcessIdentity | None:
    """Return the running process with this pid; None if there is none or it is a zombie."""
    return process_table().identify(pid)


def is_server_for(pid: int, program: str, data_folder: Path) -> bool:
    """Whether the process runs `program`, or is about to, on `data_folder`.

    Compares working folders if they are readable, because another container may use the same path.
    """
    arguments = process_table().command_line(pid)
    if not any(argument.rpartition("/")[2] == program for argument in arguments):
        return False
    is_starting = arguments[0].rpartition("/")[2] != program
    process_cwd = process_table().working_folder(pid)
    try:
        data_stat = data_folder.stat()
    except OSError:
        data_stat = None
    if process_cwd is None or data_stat is None:
        return str(data_folder) in arguments
    return os.path.samestat(process_cwd, data_stat) or (is_starting and str(data_folder) in arguments)


def find_server(program: str, data_folder: Path) -> ProcessIdentity | None:
    """Return the oldest process that runs `program` on `data_folder`, started by any process."""
    identities = [
        identity
        for pid in process_table().pids()
        if is_server_for(pid, program, data_folder) and (identity := identify(pid)) is not None
    ]
    return min(identities, key=lambda identity: identity.start_ticks, default=None)


LAUNCHER = Path(__file__).with_name("launcher.py")

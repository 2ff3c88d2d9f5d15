"""The command line of a server. Contains no password: every user of the machine can read it."""

import os
import signal
import sys
from pathlib import Path

import msgspec

LAUNCHER = Path(__file__).with_name("launcher.py")


class ServerCommand(msgspec.Struct, frozen=True):
    argv: tuple[str, ...]
    working_folder: Path
    """The data folder; a running server is recognized by it."""
    uid: int | None = None
    """The unprivileged uid to switch to, if this process is root."""
    required_paths: tuple[Path, ...] = ()
    """Paths that this uid must be able to access, besides the program."""
    parent_death_signal: signal.Signals | None = None
    """The signal sent to the server when this process dies; None keeps it running."""

    def launcher_argv(self) -> list[str]:
        """Return the command line, prefixed with the launcher."""
        options = [f"folder={self.working_folder}"]
        if self.uid is not None:
            options += [f"user={self.uid}", *(f"reach={path}" for path in self.required_paths)]
        if self.parent_death_signal is not None:
            options += [f"parent={os.getpid()}", f"death={int(self.parent_death_signal)}"]
        return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--", *self.argv]


def server_environment() -> dict[str, str]:
    """Return a minimal environment: ours contains passwords and variables that change a server's settings."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
    return {"LC_ALL": "C", "TZ": "UTC", **{name: os.environ[name] for name in kept if name in os.environ}}

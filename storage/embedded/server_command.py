"""How a server is started.

Holds no password: every user of the machine can read a command line. It never starts anything itself.
"""

import os
import signal
import sys
from pathlib import Path

import msgspec

LAUNCHER = Path(__file__).with_name("launcher.py")


class ServerCommand(msgspec.Struct, frozen=True):
    argv: tuple[str, ...]
    working_folder: Path
    """The working folder, which is the data folder: a server is known again by it."""
    uid: int | None = None
    """An unprivileged uid to take, when we are root."""
    required_paths: tuple[Path, ...] = ()
    """What that user must be able to reach beside the program."""
    parent_death_signal: signal.Signals | None = None
    """The signal the server gets when we die, however we die; None lets it live on."""

    def launcher_argv(self) -> list[str]:
        """Give the full command line, with the launcher before it."""
        options = [f"folder={self.working_folder}"]
        if self.uid is not None:
            options += [f"user={self.uid}", *(f"reach={path}" for path in self.required_paths)]
        if self.parent_death_signal is not None:
            options += [f"parent={os.getpid()}", f"death={int(self.parent_death_signal)}"]
        return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--", *self.argv]


def server_environment() -> dict[str, str]:
    """Only what a server needs: our own variables hold passwords, and some would change its settings."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
    return {"LC_ALL": "C", "TZ": "UTC", **{name: os.environ[name] for name in kept if name in os.environ}}

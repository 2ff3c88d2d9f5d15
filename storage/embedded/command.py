"""How a server is started.

Holds no password: every user of the machine can read a command line. It never starts anything itself.
"""

import os
import signal
import sys
from pathlib import Path

import msgspec

LAUNCHER = Path(__file__).with_name("launcher.py")


class Command(msgspec.Struct, frozen=True):
    argv: tuple[str, ...]
    folder: Path
    """The working folder, which is the data folder: a server is known again by it."""
    user: int | None = None
    """An unprivileged uid to take, when we are root."""
    reach: tuple[Path, ...] = ()
    """What that user must be able to reach beside the program."""
    dies_by: signal.Signals | None = None
    """The signal the server gets when we die, however we die; None lets it live on."""

    def launch(self) -> list[str]:
        """Give the full command line, with the launcher before it."""
        options = [f"folder={self.folder}"]
        if self.user is not None:
            options += [f"user={self.user}", *(f"reach={path}" for path in self.reach)]
        if self.dies_by is not None:
            options += [f"parent={os.getpid()}", f"death={int(self.dies_by)}"]
        return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--", *self.argv]


def environment() -> dict[str, str]:
    """Only what a server needs: our own variables hold passwords, and some would change its settings."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
    return {"LC_ALL": "C", "TZ": "UTC", **{name: os.environ[name] for name in kept if name in os.environ}}

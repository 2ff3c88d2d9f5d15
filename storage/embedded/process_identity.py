"""Which process a number means: a pid alone is reused, outlives its program as a zombie, and lies.

Reads /proc and nothing else. It never signals a process.
"""

import os
from pathlib import Path

import msgspec

PROC = Path("/proc")


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A process for all time: its number, the tick it began at, the boot it belongs to."""

    pid: int
    start_ticks: int
    boot_id: str


def identify(pid: int) -> ProcessIdentity | None:
    """Find the living process with this number; None when there is none or it is a zombie."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        # The name in the second field may hold spaces and brackets: the fields begin after the last one.
        fields = text[text.rindex(")") + 2 :].split()
        if fields[0] in {"Z", "X", "x"}:
            return None
        return ProcessIdentity(pid, int(fields[19]), _boot_id())
    except (OSError, ValueError, IndexError):
        return None


def is_server_for(pid: int, program: str, data_folder: Path) -> bool:
    """Whether the process runs `program`, or is about to, on the folder `data`.

    The same path may be another container's folder, so the working folder decides wherever it can be seen.
    """
    arguments = _command_line(pid)
    if not any(argument.rpartition("/")[2] == program for argument in arguments):
        return False
    starting = arguments[0].rpartition("/")[2] != program
    try:
        there, here = (PROC / str(pid) / "cwd").stat(), data_folder.stat()
    except OSError:
        return str(data_folder) in arguments
    return os.path.samestat(there, here) or (starting and str(data_folder) in arguments)


def find_server(program: str, data_folder: Path) -> ProcessIdentity | None:
    """Find the oldest living process that runs `program` on `data`, whoever started it."""
    found = [
        identity
        for entry in PROC.iterdir()
        if entry.name.isdigit()
        and is_server_for(int(entry.name), program, data_folder)
        and (identity := identify(int(entry.name))) is not None
    ]
    return min(found, key=lambda identity: identity.start_ticks, default=None)


def _command_line(pid: int) -> list[str]:
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(part) for part in raw.rstrip(b"\0").split(b"\0")] if raw else []


def _boot_id() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""

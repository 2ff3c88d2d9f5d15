"""Identifies processes through /proc. A pid alone is not enough: it is reused, and zombies keep it."""

import os
from pathlib import Path

import msgspec

PROC = Path("/proc")


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A unique process: pid, start time in clock ticks, boot."""

    pid: int
    start_ticks: int
    boot_id: str


def identify(pid: int) -> ProcessIdentity | None:
    """Return the running process with this pid; None if process_cwd is none or it is a zombie."""
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        # The name in the second field may contain spaces and parentheses: split after the last one.
        fields = text[text.rindex(")") + 2 :].split()
        if fields[0] in {"Z", "X", "x"}:
            return None
        return ProcessIdentity(pid, int(fields[19]), _boot_id())
    except (OSError, ValueError, IndexError):
        return None


def is_server_for(pid: int, program: str, data_folder: Path) -> bool:
    """Whether the process runs `program`, or is about to, on `data_folder`.

    Compares working folders if they are readable, because another container may use the same path.
    """
    arguments = _command_line(pid)
    if not any(argument.rpartition("/")[2] == program for argument in arguments):
        return False
    is_starting = arguments[0].rpartition("/")[2] != program
    try:
        process_cwd, data_stat = (PROC / str(pid) / "cwd").stat(), data_folder.stat()
    except OSError:
        return str(data_folder) in arguments
    return os.path.samestat(process_cwd, data_stat) or (is_starting and str(data_folder) in arguments)


def find_server(program: str, data_folder: Path) -> ProcessIdentity | None:
    """Return the oldest process that runs `program` on `data_folder`, started by any process."""
    identities = [
        identity
        for entry in PROC.iterdir()
        if entry.name.isdigit()
        and is_server_for(int(entry.name), program, data_folder)
        and (identity := identify(int(entry.name))) is not None
    ]
    return min(identities, key=lambda identity: identity.start_ticks, default=None)


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

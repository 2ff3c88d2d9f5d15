"""The processes of this machine: from /proc on Linux, through psutil elsewhere."""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final, Protocol

import msgspec

PROC: Final = Path("/proc")


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A unique process: pid, start time in ticks of the system, boot.

    A pid alone is not enough: it is reused, and zombies keep it.
    """

    pid: int
    start_ticks: int
    boot_id: str


class ProcessTable(Protocol):
    """Reads of a process that is gone, or that this user may not inspect, return None or nothing."""

    def identify(self, pid: int) -> ProcessIdentity | None:
        """Return the running process with this pid; None if there is none or it is a zombie."""

    def pids(self) -> Iterable[int]: ...

    def command_line(self, pid: int) -> list[str]: ...

    def working_folder(self, pid: int) -> os.stat_result | None: ...


class LinuxProcesses:
    """Implements `ProcessTable` with /proc."""

    def identify(self, pid: int) -> ProcessIdentity | None:
        try:
            text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
            # The name in the second field may contain spaces and parentheses: split after the last one.
            fields = text[text.rindex(")") + 2 :].split()
            if fields[0] in {"Z", "X", "x"}:
                return None
            return ProcessIdentity(pid, int(fields[19]), self._boot_id())
        except (OSError, ValueError, IndexError):
            return None

    def pids(self) -> Iterable[int]:
        return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]

    def command_line(self, pid: int) -> list[str]:
        try:
            raw = (PROC / str(pid) / "cmdline").read_bytes()
        except OSError:
            return []
        return [os.fsdecode(part) for part in raw.rstrip(b"\0").split(b"\0")] if raw else []

    def working_folder(self, pid: int) -> os.stat_result | None:
        try:
            return (PROC / str(pid) / "cwd").stat()
        except OSError:
            return None

    def _boot_id(self) -> str:
        try:
            return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return ""


class PsutilProcesses:
    """Implements `ProcessTable` with psutil, which is a part of the extra `embedded`."""

    def __init__(self) -> None:
        import psutil  # type: ignore[import-untyped]

        self._psutil = psutil

    def identify(self, pid: int) -> ProcessIdentity | None:
        try:
            process = self._psutil.Process(pid)
            if process.status() in {self._psutil.STATUS_ZOMBIE, self._psutil.STATUS_DEAD}:
                return None
            return ProcessIdentity(pid, round(process.create_time() * 1000), "")
        except (self._psutil.Error, OSError, ValueError):
            return None

    def pids(self) -> Iterable[int]:
        return [int(pid) for pid in self._psutil.pids()]

    def command_line(self, pid: int) -> list[str]:
        try:
            return [str(part) for part in self._psutil.Process(pid).cmdline()]
        except (self._psutil.Error, OSError, ValueError):
            return []

    def working_folder(self, pid: int) -> os.stat_result | None:
        try:
            return Path(self._psutil.Process(pid).cwd()).stat()
        except (self._psutil.Error, OSError, ValueError):
            return None


@cache
def process_table() -> ProcessTable:
    """Return the process table of this system. Raises `ImportError` without /proc and psutil."""
    return LinuxProcesses() if (PROC / "self" / "stat").exists() else PsutilProcesses()

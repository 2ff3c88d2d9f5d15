"""CPU time, core affinity and memory of other processes, from the kernel."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_CORE = 0
OTHER_CORE = 1
CPU_CLOCK_SCHED = 2


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return user and system time of all threads, including exited ones.

    Reads the kernel's CPU clock of each process: the same time as /proc/<pid>/stat, but in nanoseconds. The
    file counts hundredths of a second, too coarse for a one-second slice of a nearly idle server.
    """
    return sum(time.clock_gettime((~pid << 3) | CPU_CLOCK_SCHED) for pid in pids)


def pin(pid: int, core: int) -> None:
    """Move all current threads of `pid` to `core`. Only future child processes inherit it."""
    cores = {core} & os.sched_getaffinity(0) or os.sched_getaffinity(0)
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Run this process on `core` meanwhile, if it may use it."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & cores or cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def resident_bytes(pid: int) -> int:
    """Return the resident set size. Kernel memory of sockets is excluded: it is equal for all servers."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has no Rss")


def open_files(pid: int) -> int:
    """Return the number of open file descriptors."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def listening_pids(port: int) -> list[int]:
    """Return the processes that listen on `port`; several share it by `SO_REUSEPORT`.

    Raises:
        LookupError: one of them belongs to another OS user.
    """
    port_suffix = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    return [
        _pid_of_socket(f"socket:[{fields[9]}]")
        for fields in map(str.split, lines)
        if fields[1].endswith(port_suffix) and fields[3] == "0A"
    ]


def _pid_of_socket(socket: str) -> int:
    for files in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(str(file.readlink()) == socket for file in files.iterdir()):
                return int(files.parent.name)
        except OSError:
            continue
    raise LookupError("the listening process belongs to another OS user")

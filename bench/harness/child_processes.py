"""Ends the processes that a benchmark started when the benchmark ends, however that happens.

SIGINT, SIGTERM, SIGHUP -> SystemExit -> the context managers stop their processes
SIGKILL                 -> the kernel sends SIGTERM to the child processes
"""

import contextlib
import ctypes
import os
import signal
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_libc = ctypes.CDLL(None)


def end_with_parent() -> None:
    """Have the kernel send SIGTERM to this process when its parent ends. Runs between fork and exec."""
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def exit_on_signals() -> None:
    """Raise `SystemExit` on the signals that end a benchmark, so that `with` blocks stop what they started.

    Later signals are ignored: stopping has time limits.
    """

    def exit_benchmark(number: int, _frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in _SIGNALS:
        signal.signal(number, exit_benchmark)


def kill_group(group_id: int) -> None:
    """Kill what is left of a process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group_id, signal.SIGKILL)

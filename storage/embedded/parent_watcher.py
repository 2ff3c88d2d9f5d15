"""Ends a server when the process that started it dies: `python -I -S parent_watcher.py PIPE SERVER SIGNAL`.

For systems without `prctl`. The other end of the pipe is open in the starting process alone, so the pipe ends
with that process, however it dies. The server leads its session; another process that got its pid does not.
"""

import os
import select
import sys

CHECK_INTERVAL_S = 1.0


def is_running(server: int) -> bool:
    """Whether the server runs; not true for another process with its pid."""
    try:
        return os.getsid(server) == server
    except OSError:
        return False


def main(pipe: int, server: int, signal_number: int) -> None:
    while is_running(server):
        readable, _, _ = select.select([pipe], [], [], CHECK_INTERVAL_S)
        if readable:
            if is_running(server):
                os.kill(server, signal_number)
            return


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""The limit of open files: each connection is one."""

import resource
from typing import Final

RESERVED_FILES: Final = 200
"""Files besides the connections: pipes, HTTP, libraries."""


class OpenFileLimitTooLow(Exception):  # noqa: N818 - shown to the operator
    """The limit of open files is too low for the connections."""


def check_open_file_limit(connections: int, processes: int) -> None:
    """Check the hard limit for the connections of one process. Raises `OpenFileLimitTooLow`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    per_process = -(-connections // processes)
    if hard == resource.RLIM_INFINITY or per_process + RESERVED_FILES <= hard:
        return
    processes_needed = -(-connections // max(1, hard - RESERVED_FILES))
    raise OpenFileLimitTooLow(
        f"{per_process} connections per process need {per_process + RESERVED_FILES} open files, but the "
        f"hard limit (RLIMIT_NOFILE, `ulimit -Hn`) is {hard}: use --processes {processes_needed}, or raise "
        "the limit."
    )


def raise_open_file_limit(connections: int) -> None:
    """Raise this process's soft limit as far as needed. Raises `OpenFileLimitTooLow`."""
    check_open_file_limit(connections, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))

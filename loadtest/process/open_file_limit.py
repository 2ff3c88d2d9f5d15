"""How many files this process may have open: each connection is one."""

import resource
from typing import Final

RESERVED_FILES: Final = 200
"""For what is no connection: pipes, HTTP, libraries."""


class OpenFileLimitTooLow(Exception):  # noqa: N818 - what is the matter, said to a person
    """The limit of open files does not let so many connections be."""


def check_open_file_limit(connections: int, processes: int) -> None:
    """See that processes like this one may have so many connections. Raises `TooFewFiles`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    each = -(-connections // processes)
    if hard == resource.RLIM_INFINITY or each + RESERVED_FILES <= hard:
        return
    enough = -(-connections // max(1, hard - RESERVED_FILES))
    raise OpenFileLimitTooLow(
        f"{each} connections in one process need {each + RESERVED_FILES} open files, and the hard limit "
        f"(RLIMIT_NOFILE, `ulimit -Hn`) is {hard}: give --processes {enough}, or raise it."
    )


def raise_open_file_limit(connections: int) -> None:
    """Raise this process's own soft limit as far as it needs. Raises `TooFewFiles`."""
    check_open_file_limit(connections, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

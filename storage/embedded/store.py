"""The interface between a supervisor and each kind of store."""

from pathlib import Path
from typing import Protocol

from storage.embedded.server_command import ServerCommand
from storage.embedded.server_process import StopSteps


class Store(Protocol):
    """One kind of server on one data folder: its command, repair and health check."""

    name: str
    program: Path
    data: Path
    """The data folder, which is also the server's working folder."""
    stop_steps: StopSteps
    restart_on_failed_checks: bool
    """Whether a restart helps a server that runs but fails health checks."""

    async def prepare(self) -> ServerCommand:
        """Prepare the data folder, remove leftovers of a dead server, and return the command to start.

        Called only while no server runs on the folder.

        Raises:
            StoresUnavailable: a permanent failure; retrying does not help.
        """

    def repair(self, log_tail: str, *, may_change_address: bool) -> str | None:
        """Fix what prevents a start, judged by the end of the log; return what was done, or None.

        Called before each start, while no server runs; `log_tail` is empty before the first. With
        `may_change_address` the URL may change, because it was not handed out yet.
        """

    async def check(self) -> None:
        """Write and read a value.

        Raises:
            Exception: any error means that the check failed. The supervisor sets the timeout and then
                calls `close`.
        """

    async def close(self) -> None:
        """Close the connection that `check` keeps."""

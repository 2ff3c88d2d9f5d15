"""What the keeper asks of each kind of store.

It never starts or ends a server itself.
"""

from pathlib import Path
from typing import Protocol

from storage.embedded.server_command import ServerCommand
from storage.embedded.server_process import StopSteps


class Store(Protocol):
    """One kind of server on one folder, and how to talk to it."""

    name: str
    program: Path
    data: Path
    """The data folder, which is also the server's working folder."""
    stop_steps: StopSteps
    restart_on_failed_checks: bool
    """Whether a server that lives but refuses writes is helped by a restart."""

    async def prepare(self) -> ServerCommand:
        """Make the data folder ready, remove what a dead server left, and say how to start.

        Called only while no server runs on the folder.

        Raises:
            StoresUnavailable: it cannot be made ready; trying again does not help.
        """

    def repair(self, log_tail: str, *, may_change_address: bool) -> str | None:
        """Put right what keeps a server from starting, judged by what it wrote last; say what was done.

        Called while none runs, before each start; nothing was written before the first. With `may_move`
        its address may change, because nobody has been told it yet.
        """

    async def check(self) -> None:
        """Do a real write and read of it.

        Raises:
            Exception: of whatever kind: it did not work. The keeper sets the time limit, and closes.
        """

    async def close(self) -> None:
        """Drop the connection that `check` holds."""

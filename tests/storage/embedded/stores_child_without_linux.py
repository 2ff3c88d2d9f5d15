"""As `stores_child.py`, on a system without pidfd, prctl and /proc, as macOS is."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from storage.embedded import process_table, server_command
from tests.storage.embedded import stores_child


def take_away_linux() -> None:
    del os.pidfd_open
    del signal.pidfd_send_signal
    process_table.PROC = Path("/nonexistent")  # type: ignore[misc]
    server_command.LAUNCHER = Path(__file__).with_name("launcher_without_prctl.py")
    server_command.has_parent_death_signal = lambda: False


if __name__ == "__main__":
    take_away_linux()
    asyncio.run(stores_child.main(Path(sys.argv[1]), keep=sys.argv[2] == "keep"))

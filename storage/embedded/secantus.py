"""Embedded secantusd-rs, a server with MongoDB's protocol and storage engine, from its wheel.

Always runs with `--sync-on-commit`, without which it acknowledges before it writes. Log files are small,
because a start takes seconds with the default of 2 GB. Authentication is off only while the user of a new
data folder is created.
"""

from pathlib import Path

from storage.embedded.mongo_probe import MongoProbe
from storage.embedded.mongo_server import HOST, USER, MongoServer, UnexpectedUser

CACHE_SIZE = "2G"
"""A maximum, not a reservation. With 512M inserts slowed from 13 k/s to 4 k/s past 120,000 messages."""

OPLOG_ENTRIES = "5000000"
"""The oplog is not used, and deleting its old entries one by one halves the insert rate."""


class Secantus(MongoServer):
    data_name = "mongo"

    def argv(self, data: Path, port: int, *, creating: bool) -> tuple[str, ...]:
        # An empty file keeps it from reading one in the working or home folder.
        configuration = self._folder.run_folder / "secantusd.toml"
        configuration.touch(mode=0o600)
        return (
            *(str(self.program), "--config", str(configuration), "--host", HOST, "--port", str(port)),
            *("--storage-path", str(data), "--sync-on-commit", "--cache-size", CACHE_SIZE),
            *("--oplog-max-entries", OPLOG_ENTRIES),
            *("--log-file-max", "128MB", "--log-level", "ERROR"),
            *(() if creating else ("--auth",)),
        )

    async def create_user(self, probe: MongoProbe, port: int) -> None:  # noqa: ARG002 - it knows no addresses
        """Create the user, which this server can only without authentication."""
        await probe.create_user(USER, self._password)
        if await probe.users() != [USER]:
            raise UnexpectedUser

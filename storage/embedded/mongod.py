"""Embedded MongoDB: a `mongod` that is installed on this machine, as a replica set of one member.

Authentication is always on. MongoDB lets a connection from this machine create the replica set and the first
user while there is none, and then no other without it.
"""

import asyncio
import os
import secrets
from pathlib import Path

from storage.embedded.mongo_probe import MongoProbe
from storage.embedded.mongo_server import HOST, POLL_S, USER, MongoServer

REPLICA_SET = "convene"
KEY_BYTES = 48
CACHE_SIZE_GB = "1"
OPLOG_SIZE_MB = "990"
"""The smallest, because it is not read. The default is a share of the disk."""
SLOW_MS = "600000"
"""MongoDB logs slow commands with their documents, which hold users' texts."""


class Mongod(MongoServer):
    data_name = "mongod"

    def argv(self, data: Path, port: int, *, creating: bool) -> tuple[str, ...]:  # noqa: ARG002 - the same for both
        return (
            *(str(self.program), "--dbpath", str(data), "--bind_ip", HOST, "--port", str(port)),
            *("--replSet", REPLICA_SET, "--keyFile", str(self._key_file()), "--nounixsocket"),
            *("--wiredTigerCacheSizeGB", CACHE_SIZE_GB, "--oplogSize", OPLOG_SIZE_MB),
            *("--slowms", SLOW_MS, "--quiet"),
        )

    async def create_user(self, probe: MongoProbe, port: int) -> None:
        await probe.initiate_replica_set(REPLICA_SET, f"{HOST}:{port}")
        while not await probe.is_primary():  # noqa: ASYNC110 - a server has no event; the caller has a deadline
            await asyncio.sleep(POLL_S)
        await probe.create_user(USER, self._password)

    async def make_writable(self, probe: MongoProbe) -> None:
        """Configure the port in the replica set. It changes when another program took the old one."""
        await probe.move_replica_set(f"{HOST}:{self._port}")

    def _key_file(self) -> Path:
        """Return the file with the key of the replica set's members, which MongoDB asks for."""
        file = self._folder.run_folder / "mongod.key"
        if not file.exists():
            temporary = file.with_suffix(".new")
            temporary.unlink(missing_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as written:
                written.write(secrets.token_hex(KEY_BYTES))
            temporary.replace(file)
        return file

"""Embedded secantusd-rs: MongoDB's protocol and storage engine, on loopback with authentication.

Always runs with `--sync-on-commit`, without which it acknowledges before it writes. Log files are small,
because a start takes seconds with the default of 2 GB. Authentication is off only while the user of a new
data folder is created.
"""

import asyncio
import secrets
import shutil
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pymongo
from pymongo.errors import PyMongoError

from storage.embedded.binaries import Binaries, StoresUnavailable
from storage.embedded.server_process import ServerCommand, ServerProcess, StopSteps, run_to_completion
from storage.embedded.settings import StoresSettings
from storage.embedded.stores_folder import StoresFolder, ensure_private_folder

ResultT = TypeVar("ResultT")

TIMEOUT_MS = 4_000


class SecantusProbe:
    """A connection to secantusd-rs for health checks and the first user.

    Uses the synchronous driver on a dedicated thread, because the asynchronous one leaks its socket if the
    server dies while it connects.
    """

    def __init__(self, url: str) -> None:
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            url, timeoutMS=TIMEOUT_MS, serverSelectionTimeoutMS=TIMEOUT_MS, maxPoolSize=1, connect=False
        )
        self._thread = ThreadPoolExecutor(1, "secantus-probe")

    async def write_and_read(self) -> None:
        """Write a new value and read it back.

        Raises:
            Exception: any error means that the check failed.
        """
        await self._run(self._write_and_read)

    async def create_user(self, name: str, password: str) -> list[str]:
        """Create a user with the role `root`; return the names of all users."""
        return await self._run(lambda: self._create_user(name, password))

    async def close(self) -> None:
        await self._run(self._client.close)
        self._thread.shutdown(wait=False)

    def _write_and_read(self) -> None:
        value = secrets.token_hex(8)
        probe = self._client["convene_health"]["probe"]
        probe.update_one({"_id": "probe"}, {"$set": {"mark": value}}, upsert=True)
        document = probe.find_one({"_id": "probe"})
        if document is None or document["mark"] != value:
            raise RuntimeError("the value read differs from the value written")

    def _create_user(self, name: str, password: str) -> list[str]:
        self._client.admin.command("createUser", name, pwd=password, roles=["root"])
        return [user["user"] for user in self._client.admin.command("usersInfo", 1)["users"]]

    async def _run(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


USER = "convene"
HOST = "127.0.0.1"
FIRST_START_TIMEOUT_S = 60.0
POLL_S = 0.03

CACHE_SIZE = "2G"
"""A maximum, not a reservation. With 512M inserts slowed from 13 k/s to 4 k/s past 120,000 messages."""

OPLOG_ENTRIES = "5000000"
"""The oplog is not used, and deleting its old entries one by one halves the insert rate."""


class Secantus:
    name = "mongo"
    stop_steps: StopSteps = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
    # After the disk was full it keeps running and answers pings but fails all other commands.
    restart_on_failed_checks = True

    def __init__(self, binaries: Binaries, folder: StoresFolder, settings: StoresSettings) -> None:
        self.program = binaries.secantus
        self._folder = folder
        self._password = settings.mongo_password
        self._keep = settings.keep
        self._port = settings.mongo_port
        self.data = folder.path / "mongo"
        self._probe: SecantusProbe | None = None

    @property
    def url(self) -> str:
        return (
            f"mongodb://{USER}:{self._password}@{HOST}:{self._port}/"
            "?authSource=admin&directConnection=true&w=majority&journal=true"
        )

    async def prepare(self) -> ServerCommand:
        if not self.data.exists():
            await self._create()
        ensure_private_folder(self.data)
        if not self._port:
            self._choose_port()
        return self._command(self.data, self._port, "--auth")

    def repair(self, log_tail: str, *, may_change_address: bool) -> str | None:  # noqa: ARG002 - the port check suffices
        """Choose another port if another program uses ours and the address may change."""
        if not may_change_address or not self._port or _is_free(self._port):
            return None
        self._choose_port()
        return "its port is used by another program; it has a new one"

    async def check(self) -> None:
        # The driver backs off after a refused connection. A plain socket detects a start at once.
        if not await _is_listening(self._port):
            raise ConnectionRefusedError
        if self._probe is None:
            self._probe = SecantusProbe(self.url)
        await self._probe.write_and_read()

    async def close(self) -> None:
        if self._probe is not None:
            probe, self._probe = self._probe, None
            await probe.close()

    async def _create(self) -> None:
        """Create an empty store with its user in a temporary folder and rename it.

        The server cannot create a first user with authentication enabled, so it runs without, on a random
        port. If another user appears meanwhile, the store is discarded.
        """
        staging = self._folder.path / "mongo.new"
        server = ServerProcess(
            self.program,
            staging,
            self._folder.run_folder / "mongo.new.pid",
            self._folder.log_folder / "mongo.log",
        )
        if server.find():
            await server.stop(((signal.SIGKILL, 5.0),))
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        port = _pick_port()
        try:
            # It must not outlive this process.
            server.spawn(
                msgspec.structs.replace(self._command(staging, port), parent_death_signal=signal.SIGKILL),
                restarts=0,
            )
            async with asyncio.timeout(FIRST_START_TIMEOUT_S):
                await self._create_user(server, port)
            await server.stop(((signal.SIGTERM, 10.0),))
        except (TimeoutError, PyMongoError) as error:
            msg = f"secantusd-rs could not create its data folder {self.data}: {server.log_tail()}"
            raise StoresUnavailable(msg) from error
        finally:
            await server.stop(((signal.SIGKILL, 5.0),))
        staging.rename(self.data)

    async def _create_user(self, server: ServerProcess, port: int) -> None:
        while not await _is_listening(port):
            if not server.alive():
                raise TimeoutError
            await asyncio.sleep(POLL_S)
        probe = SecantusProbe(f"mongodb://{HOST}:{port}/?directConnection=true")
        try:
            if await run_to_completion(probe.create_user(USER, self._password)) != [USER]:
                raise TimeoutError
        finally:
            await run_to_completion(probe.close())

    def _command(self, data: Path, port: int, *options: str) -> ServerCommand:
        # An empty file keeps it from reading one in the working or home folder.
        configuration = self._folder.run_folder / "secantusd.toml"
        configuration.touch(mode=0o600)
        return ServerCommand(
            argv=(
                *(str(self.program), "--config", str(configuration), "--host", HOST, "--port", str(port)),
                *("--storage-path", str(data), "--sync-on-commit", "--cache-size", CACHE_SIZE),
                *("--oplog-max-entries", OPLOG_ENTRIES),
                *("--log-file-max", "128MB", "--log-level", "ERROR", *options),
            ),
            working_folder=data,
            parent_death_signal=None if self._keep else signal.SIGKILL,
        )

    def _choose_port(self) -> None:
        self._port = _pick_port()
        self._folder.save_mongo_port(self._port)


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _pick_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True

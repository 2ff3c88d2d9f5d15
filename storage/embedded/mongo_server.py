"""Base of the embedded MongoDB servers: on loopback with authentication, created with one user.

Health checks write and read. A data folder appears with its user in it or not at all.
"""

import asyncio
import shutil
import signal
import socket
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import msgspec
from pymongo.errors import PyMongoError

from storage.embedded.binaries import StoresUnavailable
from storage.embedded.mongo_probe import MongoProbe
from storage.embedded.server_command import ServerCommand
from storage.embedded.server_process import ServerProcess, StopSteps, run_to_completion
from storage.embedded.settings import StoresSettings
from storage.embedded.stores_folder import StoresFolder, ensure_private_folder

USER = "convene"
HOST = "127.0.0.1"
FIRST_START_TIMEOUT_S = 60.0
POLL_S = 0.03


class UnexpectedUser(Exception):  # noqa: N818 - named after the condition
    """Another program created a user while the data folder was created."""


class MongoServer(ABC):
    """What the servers have in common; a subclass knows the command line and how the first user is made."""

    name = "mongo"
    data_name: ClassVar[str]
    """The folder of the data, which shows which server wrote it."""
    stop_steps: StopSteps = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))
    # After the disk was full it keeps running and answers pings but fails all other commands.
    restart_on_failed_checks = True

    def __init__(self, program: Path, folder: StoresFolder, settings: StoresSettings) -> None:
        self.program = program
        self._folder = folder
        self._password = settings.mongo_password
        self._keep = settings.keep
        self._port = settings.mongo_port
        self.data = folder.path / self.data_name
        self._probe: MongoProbe | None = None

    @abstractmethod
    def argv(self, data: Path, port: int, *, creating: bool) -> tuple[str, ...]:
        """Return the command line without passwords. `creating`: for a data folder that has no user yet."""

    @abstractmethod
    async def create_user(self, probe: MongoProbe, port: int) -> None:
        """Create the user in a new data folder, over a connection without one.

        Raises:
            UnexpectedUser: another user was created meanwhile.
        """

    async def make_writable(self, probe: MongoProbe) -> None:  # noqa: ARG002 - most need nothing
        """Do what the server needs after a start before it accepts writes."""
        return

    @property
    def url(self) -> str:
        return (
            f"mongodb://{USER}:{self._password}@{HOST}:{self._port}/"
            "?authSource=admin&directConnection=true&w=majority&journal=true"
        )

    async def prepare(self) -> ServerCommand:
        if not self._port:
            self._choose_port()
        if not self.data.exists():
            await self._create()
        ensure_private_folder(self.data)
        return self._command(self.data, self._port, creating=False)

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
            self._probe = MongoProbe(self.url)
            await self.make_writable(self._probe)
        await self._probe.write_and_read()

    async def close(self) -> None:
        if self._probe is not None:
            probe, self._probe = self._probe, None
            await probe.close()

    async def _create(self) -> None:
        """Create an empty store with its user in a temporary folder and rename it.

        Until the user exists, the server accepts others, but its port is not known yet. If another user
        appears meanwhile, the store is discarded.
        """
        staging = self._folder.path / f"{self.data_name}.new"
        server = ServerProcess(
            self.program,
            staging,
            self._folder.run_folder / f"{self.data_name}.new.pid",
            self._folder.log_folder / "mongo.log",
        )
        if server.find():
            await server.stop(((signal.SIGKILL, 5.0),))
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        try:
            # It must not outlive this process.
            server.spawn(
                msgspec.structs.replace(
                    self._command(staging, self._port, creating=True), parent_death_signal=signal.SIGKILL
                ),
                restarts=0,
            )
            async with asyncio.timeout(FIRST_START_TIMEOUT_S):
                await self._create_user(server)
            await server.stop(self.stop_steps)
        except (TimeoutError, UnexpectedUser, PyMongoError) as error:
            msg = f"{self.program.name} could not create its data folder {self.data}: {server.log_tail()}"
            raise StoresUnavailable(msg) from error
        finally:
            await server.stop(((signal.SIGKILL, 5.0),))
        staging.rename(self.data)

    async def _create_user(self, server: ServerProcess) -> None:
        while not await _is_listening(self._port):
            if not server.alive():
                raise TimeoutError
            await asyncio.sleep(POLL_S)
        probe = MongoProbe(f"mongodb://{HOST}:{self._port}/?directConnection=true")
        try:
            await run_to_completion(self.create_user(probe, self._port))
        finally:
            await run_to_completion(probe.close())

    def _command(self, data: Path, port: int, *, creating: bool) -> ServerCommand:
        return ServerCommand(
            argv=self.argv(data, port, creating=creating),
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

"""Embedded PostgreSQL 18 on a unix socket with password authentication.

Runs `initdb` and the server itself, because the wheel's wrapper trusts stale pid files and changes the
permissions of parent folders. All syncs stay enabled.
"""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
from pathlib import Path
from urllib.parse import quote

import asyncpg
import msgspec

from storage.embedded.binaries import INSTALL_HINT, Binaries, StoresUnavailable
from storage.embedded.server_command import (
    ServerCommand,
    identify,
    is_server_for,
    open_parent_pipe,
    server_environment,
)
from storage.embedded.server_process import StopSteps
from storage.embedded.settings import StoresSettings
from storage.embedded.stores_folder import StoresFolder, ensure_private_folder
from storage.errors import StorageError
from storage.postgres.roles import (
    SERVICES,
    are_service_databases_complete,
    close_maintenance_databases,
    create_service_databases,
    derived_role,
)

# Above the ranges that distributions assign and below the 16-bit limit of small container mappings.
FIRST_UID = 61_000
LAST_UID = 65_000


class OsUsers(msgspec.Struct, frozen=True):
    """OS users of PostgreSQL, which refuses to run as root.

    Without root it is the current user. As root the server gets a uid without an account, so that no other
    program on the machine shares its rights; `initdb` needs a user name and runs as an existing account.
    """

    server_uid: int | None
    """None: the current user."""
    initdb_uid: int | None


def choose_os_users(data_folder: Path) -> OsUsers:
    """Return the owner of existing data, or a free uid."""
    if os.geteuid() != 0:
        return OsUsers(None, None)
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    named = next((entry.pw_uid for entry in pwd.getpwall() if entry.pw_name == "nobody"), None)
    if named is None:
        named = next((uid for uid in sorted(taken, reverse=True) if uid), None)
    if named is None:
        msg = f"PostgreSQL refuses to run as root, and this machine has no other account: {INSTALL_HINT}."
        raise StoresUnavailable(msg)
    if data_folder.exists() and (owner := data_folder.stat().st_uid) != 0:
        return OsUsers(owner, named)
    free = next((uid for uid in range(FIRST_UID, LAST_UID) if uid not in taken), named)
    return OsUsers(free, named)


def chown_tree(folder: Path, uid: int) -> None:
    """Make a whole tree the property of `uid`."""
    os.chown(folder, uid, uid)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, uid, uid, follow_symlinks=False)


SUPERUSER = "convene"
INITDB_TIMEOUT_S = 120.0
SCRAM_ITERATIONS = 64
"""RFC 7677 requires at least 4096 to slow down guessing of passwords that users choose. This password has 192
random bits, so a high count would only slow down every connection, on both sides."""
SERVER_SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=500",
    "max_wal_size=256MB",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "timezone=UTC",
    "log_timezone=UTC",
    # Statements, parameters and error details contain users' text.
    "log_min_error_statement=panic",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "log_error_verbosity=terse",
)


class Postgres:
    name = "postgres"
    # SIGINT is a fast shutdown: disconnects clients and flushes. SIGQUIT needs recovery at the next start.
    stop_steps: StopSteps = (
        (signal.SIGINT, 30.0),
        (signal.SIGQUIT, 5.0),
        (signal.SIGKILL, 5.0),
    )
    restart_on_failed_checks = False

    def __init__(self, binaries: Binaries, folder: StoresFolder, settings: StoresSettings) -> None:
        self.program = binaries.postgres
        self._initdb = binaries.initdb
        self._folder = folder
        self._settings = settings
        self.data = folder.path / "postgres"
        self._sockets = Path(settings.sockets) / "postgres"
        self._connection: asyncpg.Connection | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{SUPERUSER}:{self._settings.postgres_password}@/postgres?host={quote(str(self._sockets))}"

    async def create_service_databases(self) -> dict[str, str]:
        """Create role and database of each service, or correct those of earlier versions; return their URLs.

        Raises:
            StoresUnavailable: the server refuses.
        """
        roles = {service: derived_role(service, self._settings.postgres_password) for service in SERVICES}
        try:
            if not await are_service_databases_complete(self.url, list(roles.values())):
                await close_maintenance_databases(self.url)
                await create_service_databases(self.url, list(roles.values()))
        except StorageError as error:
            msg = f"PostgreSQL could not create the roles and databases of the services: {error}."
            raise StoresUnavailable(msg) from error
        return {service: role.url(self.url) for service, role in roles.items()}

    async def prepare(self) -> ServerCommand:
        os_users = choose_os_users(self.data)
        if not (self.data / "PG_VERSION").exists():
            await self._init_cluster(os_users)
        ensure_private_folder(self._sockets, os_users.server_uid)
        self._remove_stale_locks()
        settings = [part for setting in SERVER_SETTINGS for part in ("-c", setting)]
        return ServerCommand(
            argv=(str(self.program), "-D", str(self.data), "-k", str(self._sockets), *settings),
            working_folder=self.data,
            uid=os_users.server_uid,
            required_paths=(self.data, self._sockets),
            parent_death_signal=None if self._settings.keep else signal.SIGQUIT,
        )

    def repair(self, log_tail: str, *, may_change_address: bool) -> str | None:  # noqa: ARG002 - nothing to try
        return None

    async def check(self) -> None:
        if self._connection is None:
            self._connection = await asyncpg.connect(self.url)
            await self._connection.execute(
                "CREATE TABLE IF NOT EXISTS convene_health (id int PRIMARY KEY, checks bigint NOT NULL)"
            )
        await self._connection.fetchval(
            "INSERT INTO convene_health VALUES (1, 1) "
            "ON CONFLICT (id) DO UPDATE SET checks = convene_health.checks + 1 RETURNING checks"
        )

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _init_cluster(self, os_users: OsUsers) -> None:
        """Create the cluster in a temporary folder and rename it: a killed `initdb` leaves no partial one."""
        staging = self._folder.path / "postgres.new"
        shutil.rmtree(staging, ignore_errors=True)
        work = staging / "work"
        work.mkdir(parents=True)
        # Keep the outer folder ours, so that other programs of `initdb`'s os_users cannot enter it.
        ensure_private_folder(staging)
        password = work / "password"
        password.touch(mode=0o600)
        password.write_text(self._settings.postgres_password, encoding="ascii")
        if os_users.initdb_uid is not None:
            chown_tree(work, os_users.initdb_uid)
        await self._run_initdb(
            ServerCommand(
                argv=(
                    *(str(self._initdb), "-D", str(work / "data"), "-U", SUPERUSER, f"--pwfile={password}"),
                    *("--auth=scram-sha-256", f"--set=scram_iterations={SCRAM_ITERATIONS}"),
                    *("--encoding=UTF8", "--locale=C"),
                    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    *(() if self._settings.keep else ("--no-sync",)),
                ),
                working_folder=work,
                uid=os_users.initdb_uid,
                required_paths=(work,),
                parent_death_signal=signal.SIGKILL,
            )
        )
        if os_users.server_uid is not None:
            chown_tree(work / "data", os_users.server_uid)
        (work / "data").rename(self.data)
        shutil.rmtree(staging, ignore_errors=True)

    async def _run_initdb(self, command: ServerCommand) -> None:
        parent_pipe = open_parent_pipe(command)
        inherited = () if parent_pipe is None else (parent_pipe.inherited,)
        process = await asyncio.create_subprocess_exec(
            *command.launcher_argv(*inherited),
            pass_fds=inherited,
            env=server_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        if parent_pipe is not None:
            parent_pipe.close_inherited()
        output = b""
        try:
            async with asyncio.timeout(INITDB_TIMEOUT_S):
                output, _ = await process.communicate()
        except TimeoutError:
            output = b"initdb timed out"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            if parent_pipe is not None:
                parent_pipe.close()
        if process.returncode:
            text = " | ".join(output.decode("utf-8", errors="replace").strip().splitlines()[-3:])
            msg = (
                f"PostgreSQL could not create its data folder {self.data}: {text}. "
                "Run as another user, or set CONVENE_POSTGRES_URL to your own server."
            )
            raise StoresUnavailable(msg)

    def _remove_stale_locks(self) -> None:
        """Remove the lock files of a dead server; a reused pid would make PostgreSQL refuse to start.

        Called with the store's lock held and no server of ours running. A foreign server is recognized by
        its program and folder; PostgreSQL's own check of the shared memory remains as a second safeguard.
        """
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(lock.read_text(encoding="utf-8").split()[0])
            if identify(pid) is not None and is_server_for(pid, self.program.name, self.data):
                msg = f"Another PostgreSQL (process {pid}) uses {self.data}: stop it first."
                raise StoresUnavailable(msg)
        lock.unlink(missing_ok=True)
        for leftover in self._sockets.glob(".s.PGSQL.*"):
            leftover.unlink(missing_ok=True)

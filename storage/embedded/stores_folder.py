"""The stores folder with data, logs, locks and sockets, private to its owner, and its locks.

Only files and folders created here are changed or deleted; permissions of parent folders stay as they are.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from storage.embedded.binaries import StoresUnavailable
from storage.embedded.settings import StoresSettings, new_settings, read_settings, write_settings

# sockaddr_un holds 108 bytes including the final zero; the longest name in the folder is PostgreSQL's lock.
SOCKETS_PATH_MAX_BYTES = 100 - len("/postgres/.s.PGSQL.5432.lock")
# PostgreSQL parses this setting as a list with quotes and commas.
UNQUOTED_PATH = re.compile(r"[A-Za-z0-9_./+-]+")
POLL_S = 0.02
OWNED_NAMES = (
    "postgres",
    "postgres.new",
    "valkey",
    "mongo",
    "mongo.new",
    "mongod",
    "mongod.new",
    "run",
    "logs",
    "settings.json",
    "lease",
)


class StoresFolder:
    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.lock_folder = self.path / "lease"
        self.run_folder = self.path / "run"
        self.log_folder = self.path / "logs"
        self._settings_file = self.path / "settings.json"

    def prepare(self, *, keep: bool) -> StoresSettings:
        """Create folders and settings, or read them. A folder that was once kept stays kept.

        Raises:
            StoresUnavailable: the folder belongs to another user, or its settings are missing.
        """
        settings = read_settings(self._settings_file)
        for folder in (self.path, self.lock_folder, self.run_folder, self.log_folder):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if settings is None:
            if any((self.path / name).exists() for name in ("postgres", "mongo", "mongod")):
                msg = (
                    f"The folder {self.path} holds data of stores, but {self._settings_file.name} with their "
                    "passwords is missing: restore it, or move the folder away."
                )
                raise StoresUnavailable(msg)
            settings = new_settings(self._choose_sockets(), keep=keep)
            write_settings(self._settings_file, settings)
        elif keep and not settings.keep:
            settings = msgspec.structs.replace(settings, keep=True)
            write_settings(self._settings_file, settings)
        for folder in (self.lock_folder, self.run_folder, self.log_folder, Path(settings.sockets)):
            ensure_private_folder(folder)
        return settings

    def save_mongo_port(self, port: int) -> None:
        settings = read_settings(self._settings_file)
        assert settings is not None
        write_settings(self._settings_file, msgspec.structs.replace(settings, mongo_port=port))

    def clean_up(self) -> None:
        """Delete the sockets of stopped servers, and all data if the folder is not kept."""
        settings = read_settings(self._settings_file)
        if settings is not None:
            shutil.rmtree(settings.sockets, ignore_errors=True)
            if not settings.keep:
                self.delete()

    def delete(self) -> None:
        """Delete what was created here, and the folder itself if it is then empty."""
        # Locks last: a process waiting for one sees that its file was deleted and locks a new one.
        for name in OWNED_NAMES:
            shutil.rmtree(self.path / name, ignore_errors=True)
            with contextlib.suppress(OSError):
                (self.path / name).unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _choose_sockets(self) -> Path:
        name = f"convene-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]}"
        for path in (self.run_folder / "s", Path(tempfile.gettempdir()) / name, Path("/tmp") / name):  # noqa: S108 - checked by `ensure_private_folder`
            text = os.fsdecode(path)
            if len(os.fsencode(path)) <= SOCKETS_PATH_MAX_BYTES and UNQUOTED_PATH.fullmatch(text):
                return path
        msg = "No folder has a path short enough for sockets: set TMPDIR to a shorter path."
        raise StoresUnavailable(msg)


def ensure_private_folder(path: Path, owner: int | None = None) -> None:
    """Create a folder that only its owner can enter, or verify an existing one.

    Raises:
        StoresUnavailable: the path is a link or belongs to another user.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {os.geteuid(), owner}:
        msg = f"{path} is not a folder of user {os.geteuid()}: remove it, or use another folder."
        raise StoresUnavailable(msg)
    if stat.S_IMODE(status.st_mode) != 0o700:
        path.chmod(0o700)
    if owner is not None and status.st_uid != owner:
        os.chown(path, owner, owner)


class FolderLocks:
    """File locks that coordinate the processes sharing a stores folder.

    `users` is held shared by every process that uses the folder, `supervisor` by the one that supervises,
    `join` while a process joins or leaves, and one lock per store while that store is started or stopped. The
    kernel releases locks when their holder dies. They also work between two users in one process.
    """

    def __init__(self, folder: Path, timeout_s: float) -> None:
        self._folder = folder
        self._timeout_s = timeout_s
        self._users: int | None = None
        self._supervisor: int | None = None

    @contextlib.asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Hold the lock `name` exclusively.

        Raises:
            StoresUnavailable: not acquired within the timeout.
        """
        deadline = time.monotonic() + self._timeout_s
        descriptor = self._open_lock_file(name)
        try:
            while not _try_flock(descriptor, fcntl.LOCK_EX) or os.fstat(descriptor).st_nlink == 0:
                if os.fstat(descriptor).st_nlink == 0:
                    # The last user of a temporary folder deleted the lock file: lock the new one.
                    stale, descriptor = descriptor, self._open_lock_file(name)
                    os.close(stale)
                    continue
                if time.monotonic() > deadline:
                    msg = (
                        f"Another process has been starting or stopping the stores in {self._folder.parent} "
                        f"for {self._timeout_s:.0f} s: stop a process that hangs, or use another folder."
                    )
                    raise StoresUnavailable(msg)
                await asyncio.sleep(POLL_S)
            yield
        finally:
            os.close(descriptor)

    def has_other_users(self) -> bool:
        """Whether other processes use the folder. Call it with `join` held, before `add_user`."""
        descriptor = self._open_lock_file("users")
        try:
            return not _try_flock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def add_user(self) -> None:
        """Register as a user. Call it with `join` held."""
        descriptor = self._open_lock_file("users")
        if not _try_flock(descriptor, fcntl.LOCK_SH):
            os.close(descriptor)
            msg = f"The stores in {self._folder.parent} are being stopped: try again."
            raise StoresUnavailable(msg)
        self._users = descriptor

    def is_last_user(self) -> bool:
        """Whether no other user is left. Call it with `join` held, when leaving: it ends the registration."""
        return self._users is not None and _try_flock(self._users, fcntl.LOCK_EX)

    def try_supervise(self) -> bool:
        """Become the supervisor, if there is none."""
        if self._supervisor is not None:
            return True
        descriptor = self._open_lock_file("supervisor")
        if _try_flock(descriptor, fcntl.LOCK_EX):
            self._supervisor = descriptor
            return True
        os.close(descriptor)
        return False

    def stop_supervising(self) -> None:
        """Give up the supervisor's role."""
        if self._supervisor is not None:
            os.close(self._supervisor)
            self._supervisor = None

    def release_all(self) -> None:
        self.stop_supervising()
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def _open_lock_file(self, name: str) -> int:
        self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.mkdir(exist_ok=True, mode=0o700)
        return os.open(self._folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

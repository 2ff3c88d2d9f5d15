"""File locks that coordinate the processes sharing a stores folder.

`users` is held shared by every process that uses the folder, `supervisor` by the one that supervises, `door`
while a process joins or leaves, and one lock per store while that store is started or stopped. The kernel
releases locks when their holder dies. They also work between two users in one process.
"""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

from storage.embedded.binaries import StoresUnavailable

POLL_S = 0.02


class FolderLocks:
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
        """Whether other processes use the folder. Call it with `door` held, before `add_user`."""
        descriptor = self._open_lock_file("users")
        try:
            return not _try_flock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def add_user(self) -> None:
        """Register as a user. Call it with `door` held."""
        descriptor = self._open_lock_file("users")
        if not _try_flock(descriptor, fcntl.LOCK_SH):
            os.close(descriptor)
            msg = f"The stores in {self._folder.parent} are being stopped: try again."
            raise StoresUnavailable(msg)
        self._users = descriptor

    def is_last_user(self) -> bool:
        """Whether no other user is left. Call it with `door` held, when leaving: it ends the registration."""
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

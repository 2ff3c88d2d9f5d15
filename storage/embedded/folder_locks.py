"""Who uses a folder of stores, told by file locks that the kernel drops with their holder.

`users` is held shared by every user, `supervisor` by the one that watches, `door` while somebody
comes or goes, and one lock per store while that store is started or stopped. Works between processes and
within one. It never trusts the content of a file.
"""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

from storage.embedded.errors import StoresUnavailable

POLL_S = 0.02


class FolderLocks:
    def __init__(self, folder: Path, timeout_s: float) -> None:
        self._folder = folder
        self._timeout_s = timeout_s
        self._users: int | None = None
        self._supervisor: int | None = None

    @contextlib.asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Hold the lock `name` alone.

        Raises:
            StoresUnavailable: somebody else held it for longer than our patience.
        """
        deadline = time.monotonic() + self._timeout_s
        descriptor = self._open_lock_file(name)
        try:
            while not _try_flock(descriptor, fcntl.LOCK_EX) or os.fstat(descriptor).st_nlink == 0:
                if os.fstat(descriptor).st_nlink == 0:
                    # The last user of a temporary folder deleted it: this lock guards nothing any more.
                    stale, descriptor = descriptor, self._open_lock_file(name)
                    os.close(stale)
                    continue
                if time.monotonic() > deadline:
                    msg = (
                        f"Another process has been starting or stopping the stores in {self._folder.parent} "
                        f"for {self._timeout_s:.0f} s: look for a hanging one, or use another folder."
                    )
                    raise StoresUnavailable(msg)
                await asyncio.sleep(POLL_S)
            yield
        finally:
            os.close(descriptor)

    def has_other_users(self) -> bool:
        """Whether the folder has users beside us. Called behind the door, before `join`."""
        descriptor = self._open_lock_file("users")
        try:
            return not _try_flock(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    def add_user(self) -> None:
        """Become a user. Called behind the door."""
        descriptor = self._open_lock_file("users")
        if not _try_flock(descriptor, fcntl.LOCK_SH):
            os.close(descriptor)
            msg = f"The stores in {self._folder.parent} are being taken down: try again."
            raise StoresUnavailable(msg)
        self._users = descriptor

    def is_last_user(self) -> bool:
        """Whether no other user is left. Called behind the door when leaving: it costs the membership."""
        return self._users is not None and _try_flock(self._users, fcntl.LOCK_EX)

    def try_supervise(self) -> bool:
        """Become the one that watches, if nobody is."""
        if self._supervisor is not None:
            return True
        descriptor = self._open_lock_file("supervisor")
        if _try_flock(descriptor, fcntl.LOCK_EX):
            self._supervisor = descriptor
            return True
        os.close(descriptor)
        return False

    def stop_supervising(self) -> None:
        """Stop being the one that watches."""
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

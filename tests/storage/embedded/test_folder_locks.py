"""Locks that coordinate the users of a folder."""

import asyncio
import shutil
from pathlib import Path

import pytest

from storage.embedded import StoresUnavailable
from storage.embedded.stores_folder import FolderLocks


def open_locks(folder: Path, timeout_s: float = 0.2) -> FolderLocks:
    return FolderLocks(folder / "lease", timeout_s)


async def test_last_user_is_detected(tmp_path: Path) -> None:
    """Of two users the first to leave is not the last."""
    first, second = open_locks(tmp_path), open_locks(tmp_path)
    assert not first.has_other_users()
    first.add_user()
    assert second.has_other_users()
    second.add_user()
    assert not first.is_last_user()
    first.release_all()
    assert second.is_last_user()
    second.release_all()
    assert not first.has_other_users()


async def test_one_user_supervises_at_a_time(tmp_path: Path) -> None:
    """The second becomes supervisor after the first has stopped."""
    first, second = open_locks(tmp_path), open_locks(tmp_path)
    assert first.try_supervise()
    assert first.try_supervise()
    assert not second.try_supervise()
    first.stop_supervising()
    assert second.try_supervise()
    second.release_all()


async def test_held_lock_times_out(tmp_path: Path) -> None:
    """The error says that another process hangs."""
    async with open_locks(tmp_path).lock("join"):
        with pytest.raises(StoresUnavailable, match="Another process has been starting or stopping"):
            async with open_locks(tmp_path).lock("join"):
                pytest.fail("two processes hold the lock")
    async with open_locks(tmp_path).lock("join"):
        pass


async def test_lock_of_a_deleted_folder_is_replaced(tmp_path: Path) -> None:
    """A process waiting for it gets the lock in the new folder."""
    waiting = asyncio.Event()

    async def wait() -> None:
        waiting.set()
        async with open_locks(tmp_path, 5.0).lock("join"):
            with pytest.raises(StoresUnavailable):
                async with open_locks(tmp_path).lock("join"):
                    pytest.fail("two processes hold the lock")

    async with open_locks(tmp_path).lock("join"):
        task = asyncio.create_task(wait())
        await waiting.wait()
        shutil.rmtree(tmp_path / "lease")
    await task

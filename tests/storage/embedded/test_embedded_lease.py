"""The locks by which users of a folder know of each other."""

import asyncio
import shutil
from pathlib import Path

import pytest

from storage.embedded import StoresUnavailable
from storage.embedded.lease import Lease


def lease(folder: Path, patience_s: float = 0.2) -> Lease:
    return Lease(folder / "lease", patience_s)


async def test_the_last_user_knows_that_it_is_alone(tmp_path: Path) -> None:
    """Of two users the one that leaves first is not alone, the other is."""
    first, second = lease(tmp_path), lease(tmp_path)
    assert not first.taken()
    first.join()
    assert second.taken()
    second.join()
    assert not first.alone()
    first.leave()
    assert second.alone()
    second.leave()
    assert not first.taken()


async def test_one_watches_at_a_time(tmp_path: Path) -> None:
    """The second becomes supervisor only when the first has retired."""
    first, second = lease(tmp_path), lease(tmp_path)
    assert first.supervise()
    assert first.supervise()
    assert not second.supervise()
    first.retire()
    assert second.supervise()
    second.leave()


async def test_a_held_door_ends_patience_with_a_sentence(tmp_path: Path) -> None:
    """Whoever waits too long is told that another process hangs."""
    async with lease(tmp_path).hold("door"):
        with pytest.raises(StoresUnavailable, match="Another process has been starting or stopping"):
            async with lease(tmp_path).hold("door"):
                pytest.fail("two behind one door")
    async with lease(tmp_path).hold("door"):
        pass


async def test_a_lock_in_a_deleted_folder_guards_nothing(tmp_path: Path) -> None:
    """Who waited at the door of a folder that was deleted meanwhile gets the door of the new one."""
    waiting = asyncio.Event()

    async def wait() -> None:
        waiting.set()
        async with lease(tmp_path, 5.0).hold("door"):
            with pytest.raises(StoresUnavailable):
                async with lease(tmp_path).hold("door"):
                    pytest.fail("two behind one door")

    async with lease(tmp_path).hold("door"):
        task = asyncio.create_task(wait())
        await waiting.wait()
        shutil.rmtree(tmp_path / "lease")
    await task

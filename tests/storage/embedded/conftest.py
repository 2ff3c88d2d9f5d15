"""Folders and users of stores for the tests of real servers. Leaves no server behind, whatever a test did."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.embedded.folder import StoresFolder
from tests.storage.embedded.stores_folder import Child, Folder, Reports


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "data")
    yield made
    for pid in made.servers().values():
        os.kill(pid, signal.SIGKILL)
    if made.path.exists():
        StoresFolder(made.path).delete()


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def start(path: Path, keep: str = "keep", user: int | None = None) -> Child:
        children.append(Child(path, keep, user))
        return children[-1]

    yield start
    for one in children:
        one.close()


@pytest.fixture
def reports() -> Reports:
    return Reports()

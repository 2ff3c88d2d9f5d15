"""Fixtures: stores folders and processes. Servers that a test left running are stopped."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from storage.embedded import EmbeddedStores
from storage.embedded.settings import read_settings, write_settings
from storage.embedded.stores_folder import StoresFolder
from tests.storage.embedded.embedded_processes import CHILD, ChildUser, FolderProcesses, RecordedReports


@pytest.fixture
def new_folder(tmp_path: Path) -> Iterator[FolderProcesses]:
    """A folder without stores."""
    made = FolderProcesses(tmp_path / "data")
    yield made
    made.kill_servers()
    shutil.rmtree(StoresFolder(made.path)._choose_sockets(), ignore_errors=True)
    shutil.rmtree(made.path, ignore_errors=True)


@pytest.fixture(scope="session")
def stopped_stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose stores ran once, because creating them is most of a first start."""
    path = tmp_path_factory.mktemp("stopped") / "data"

    async def run_once() -> None:
        async with EmbeddedStores(path):
            pass

    asyncio.run(run_once())
    return path


@pytest.fixture
def folder(new_folder: FolderProcesses, stopped_stores: Path) -> FolderProcesses:
    """A kept folder with stores that are not running."""
    subprocess.run(["cp", "-a", "--sparse=always", str(stopped_stores), str(new_folder.path)], check=True)
    file = new_folder.path / "settings.json"
    settings = read_settings(file)
    assert settings is not None
    sockets = StoresFolder(new_folder.path)._choose_sockets()
    write_settings(file, msgspec.structs.replace(settings, sockets=str(sockets)))
    return new_folder


@pytest.fixture
def child() -> Iterator[Callable[..., ChildUser]]:
    children: list[ChildUser] = []

    def start(path: Path, keep: str = "keep", user: int | None = None, program: Path = CHILD) -> ChildUser:
        children.append(ChildUser(path, keep, user, program))
        return children[-1]

    yield start
    for one in children:
        one.close()


@pytest.fixture
def reports() -> RecordedReports:
    return RecordedReports()

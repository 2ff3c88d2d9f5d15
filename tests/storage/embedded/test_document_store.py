"""Which server the document store gets: a URL, an installed `mongod`, or the wheel's."""

import contextlib
import itertools
import json
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from config.settings import StoreSettings, load_settings
from storage.embedded import EmbeddedStores, StoresUnavailable, StoreUrls, document_store, find_mongod
from storage.embedded.document_store import choose_document_store, find_secantus
from storage.embedded.mongod import Mongod
from storage.embedded.secantus import Secantus
from storage.embedded.settings import read_settings
from storage.store_urls import resolve_store_urls
from tests.storage.embedded.embedded_processes import FolderProcesses, RecordedReports

FAKE = Path(__file__).with_name("fake_mongod.py")
SECANTUS = find_secantus()
THREE_WAYS = ("CONVENE_MONGO_URL", "CONVENE_MONGOD", 'pip install "convene[embedded-mongo]"')


@pytest.fixture
def mongod(tmp_path: Path) -> Path:
    """An executable `mongod` that takes MongoDB's options and records them."""
    program = tmp_path / "bin" / "mongod"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {FAKE} {SECANTUS} "$0" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def without_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_store, "find_secantus", lambda: None)


def test_mongod_comes_before_the_wheel(tmp_path: Path, mongod: Path, reports: RecordedReports) -> None:
    """In a new folder an installed MongoDB is used, and the wheel's server without one."""
    assert choose_document_store(tmp_path, mongod, reports) == (Mongod, mongod)
    kind, program = choose_document_store(tmp_path, None, reports)
    assert (kind, program.name) == (Secantus, "secantusd-rs")
    assert reports == []


def test_configured_mongod_comes_before_the_one_on_path(
    tmp_path: Path, mongod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`CONVENE_MONGOD` names a program; one that is none is an error, not a reason to take another."""
    monkeypatch.setenv("PATH", str(mongod.parent))
    other = tmp_path / "mongod-8"
    other.write_text("#!/bin/sh\n")

    assert load_settings(None, {"CONVENE_MONGOD": str(other)}).stores.mongod == str(other)
    assert find_mongod(None) == mongod
    with pytest.raises(StoresUnavailable, match=r"CONVENE_MONGOD is .*mongod-8"):
        find_mongod(str(other))
    other.chmod(0o755)
    assert find_mongod(str(other)) == other
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert find_mongod(None) is None


def test_data_stays_with_the_server_that_wrote_it(
    tmp_path: Path, mongod: Path, reports: RecordedReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A MongoDB that is installed later does not hide the messages of the wheel's server."""
    (tmp_path / "mongo").mkdir()
    assert choose_document_store(tmp_path, mongod, reports)[0] is Secantus
    assert len(reports) == 1
    monkeypatch.setattr(document_store, "find_secantus", lambda: None)
    with pytest.raises(StoresUnavailable, match=r"needs secantusd-rs.*CONVENE_MONGO_URL"):
        choose_document_store(tmp_path, mongod, reports)

    (tmp_path / "mongo").rename(tmp_path / "mongod")
    with pytest.raises(StoresUnavailable, match=r"needs mongod.*CONVENE_MONGO_URL"):
        choose_document_store(tmp_path, None, reports)


@pytest.mark.usefixtures("without_wheel")
async def test_error_without_a_document_store_names_three_ways(new_folder: FolderProcesses) -> None:
    """One error, and no folder is created."""
    with pytest.raises(StoresUnavailable) as caught:
        await EmbeddedStores(new_folder.path).start()

    assert all(way in str(caught.value) for way in THREE_WAYS)
    assert not new_folder.path.exists()


async def read_or_write(urls: StoreUrls, write: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(urls.mongo)
    if write is not None:
        await client["log"]["entries"].insert_one(write)
    found = await client["log"]["entries"].find({}).to_list(10)
    client.close()
    return found


@pytest.mark.usefixtures("without_wheel")
async def test_mongod_runs_as_a_replica_set_of_one(
    new_folder: FolderProcesses, mongod: Path, reports: RecordedReports
) -> None:
    """With a key file, on loopback; data stays over a restart, also when the port has to change."""
    async with EmbeddedStores(new_folder.path, mongod=mongod, report=reports) as urls:
        await read_or_write(urls, {"_id": "kept"})
        assert ("mongo", "started") in reports
    settings = read_settings(new_folder.path / "settings.json")
    assert settings is not None

    with contextlib.ExitStack() as stack:
        # Where another process has taken the port meanwhile, it cannot be used either.
        with contextlib.suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", settings.mongo_port)))
        async with EmbeddedStores(new_folder.path, mongod=mongod, report=reports) as moved:
            assert moved.mongo != urls.mongo
            assert await read_or_write(moved) == [{"_id": "kept"}]

    calls = [json.loads(line) for line in (new_folder.path / "mongod.calls").read_text().splitlines()]
    options = [dict(itertools.pairwise(call)) for call in calls]
    created, first, *_, second = options
    assert created["--dbpath"] == str(new_folder.path / "mongod.new")
    assert first["--dbpath"] == second["--dbpath"] == str(new_folder.path / "mongod")
    assert first["--port"] == str(settings.mongo_port) != second["--port"]
    for one in options:
        assert one["--bind_ip"] == "127.0.0.1"
        assert one["--replSet"] == "convene"
        assert one["--keyFile"] == str(new_folder.path / "run" / "mongod.key")
    key = new_folder.path / "run" / "mongod.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text()) >= 64
    assert settings.mongo_password not in (new_folder.path / "mongod.calls").read_text()


async def test_url_of_the_document_store_alone(new_folder: FolderProcesses, stores: StoreUrls) -> None:
    """`CONVENE_MONGO_URL` comes first; the other two stores are embedded and no MongoDB is started."""
    settings = StoreSettings(data_dir=str(new_folder.path), mongo_url=stores.mongo)
    async with resolve_store_urls(settings) as urls:
        assert urls.mongo == stores.mongo
        assert set(new_folder.servers()) == {"postgres", "redis"}


@pytest.mark.parametrize(
    "urls",
    [
        {"postgres_url": "postgresql://localhost/postgres"},
        {"postgres_url_users": "postgresql://localhost/users"},
        {"postgres_url_posts": "postgresql://localhost/posts"},
        {"redis_url": "redis://localhost"},
    ],
    ids=lambda urls: next(iter(urls)),
)
@pytest.mark.parametrize("mongo_url", ["mongodb://localhost/", None])
async def test_other_urls_need_each_other(
    tmp_path: Path, urls: dict[str, str], mongo_url: str | None
) -> None:
    """A forgotten URL does not start embedded stores in production."""
    values = {"data_dir": str(tmp_path / "data"), "mongo_url": mongo_url, **urls}
    settings = msgspec.convert(values, StoreSettings)
    with pytest.raises(StoresUnavailable, match="Set all of"):
        async with resolve_store_urls(settings):
            pass
    assert not (tmp_path / "data").exists()

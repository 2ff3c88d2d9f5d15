"""The peers' environments: one for Python and one for Node, each installed from its lock file.

ejabberd is used from the system if the Debian package is installed. An environment is up to date if the copy
of the lock file that it was installed from equals the current lock file.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

HERE = Path(__file__).parent
INSTALLED = HERE / ".installed"
INSTALL_HINT = "`python -m bench.peers` installs it"
PYTHON_LIBRARIES = ("channels", "channels-redis", "django", "python-socketio", "uvicorn")


class PackageManifest(msgspec.Struct, frozen=True):
    """The part of package.json that reports use."""

    dependencies: dict[str, str]


class NotInstalled(Exception):  # noqa: N818 - the message is the whole report
    """A peer's libraries are missing, or could not be installed."""


class Environment(Protocol):
    """The installed libraries of one language."""

    name: str

    def install(self) -> None:
        """Reinstall the environment if it differs from its lock file.

        Raises:
            NotInstalled: the installer failed; the message contains its last output.
        """

    def command(self, program: str) -> list[str]:
        """Return the command that runs a peer.

        Raises:
            NotInstalled: the environment is missing or out of date; the message says how to install it.
        """

    def variables(self) -> Mapping[str, str]:
        """Return the environment variables that its programs need."""

    def versions(self) -> list[str]:
        """Return the names and versions of the runtime and the main libraries."""


class PythonEnvironment:
    name = "Python peers"

    def __init__(self) -> None:
        self._folder = INSTALLED / "python"
        self._lock = HERE / "requirements.txt"

    def install(self) -> None:
        if _is_up_to_date(self._folder, self._lock):
            return
        shutil.rmtree(self._folder, ignore_errors=True)
        _run_command([sys.executable, "-m", "venv", str(self._folder)], HERE)
        pip = [self._python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run_command([*pip, "--require-hashes", "-r", str(self._lock)], HERE)
        _record_installed(self._folder, self._lock)

    def command(self, program: str) -> list[str]:
        if not _is_up_to_date(self._folder, self._lock):
            raise NotInstalled(INSTALL_HINT)
        return [self._python, "-m", f"bench.peers.python.{program}"]

    def variables(self) -> Mapping[str, str]:
        return {}

    def versions(self) -> list[str]:
        pinned = (
            line.split()[0].partition("==") for line in self._lock.read_text().splitlines() if "==" in line
        )
        return [f"{name} {version}" for name, _, version in pinned if name in PYTHON_LIBRARIES]

    @property
    def _python(self) -> str:
        return str(self._folder / "bin" / "python")


class NodeEnvironment:
    name = "Node peers"

    def __init__(self) -> None:
        self._folder = INSTALLED / "node"
        self._programs = HERE / "node"
        self._lock = self._programs / "package-lock.json"

    def install(self) -> None:
        if _is_up_to_date(self._folder, self._lock):
            return
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            raise NotInstalled("node and npm were not found on the path")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for file in (self._lock, self._programs / "package.json"):
            shutil.copy(file, self._folder)
        _run_command([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], self._folder)
        _record_installed(self._folder, self._lock)

    def command(self, program: str) -> list[str]:
        node = shutil.which("node")
        if node is None:
            raise NotInstalled("node was not found on the path")
        if not _is_up_to_date(self._folder, self._lock):
            raise NotInstalled(INSTALL_HINT)
        return [node, str(self._programs / f"{program}.js")]

    def variables(self) -> Mapping[str, str]:
        return {"NODE_ENV": "production", "NODE_PATH": str(self._folder / "node_modules")}

    def versions(self) -> list[str]:
        package = msgspec.json.decode((self._programs / "package.json").read_bytes(), type=PackageManifest)
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        return [f"Node {node.strip().removeprefix('v')}", *map(" ".join, package.dependencies.items())]


class ErlangEnvironment:
    name = "Erlang peers"

    def install(self) -> None:
        """Check only: installing a system package needs root."""
        ejabberd_libraries()

    def command(self, program: str) -> list[str]:
        ejabberd_libraries()
        return [sys.executable, "-m", f"bench.peers.{program}"]

    def variables(self) -> Mapping[str, str]:
        return {}

    def versions(self) -> list[str]:
        return [ejabberd_libraries().name.replace("-", " ", 1)]


def ejabberd_libraries() -> Path:
    """Return the folder of the installed ejabberd.

    Raises:
        NotInstalled: ejabberd or Erlang is missing.
    """
    folders = sorted(Path("/usr/lib").glob("*/ejabberd-*"))
    if not folders or shutil.which("erl") is None:
        raise NotInstalled("`apt install --no-install-recommends ejabberd` installs it")
    return folders[-1]


PYTHON = PythonEnvironment()
NODE = NodeEnvironment()
ERLANG = ErlangEnvironment()


def _installed_lock(folder: Path) -> Path:
    return folder / "installed-lock"


def _is_up_to_date(folder: Path, lock: Path) -> bool:
    installed = _installed_lock(folder)
    return installed.exists() and installed.read_bytes() == lock.read_bytes()


def _record_installed(folder: Path, lock: Path) -> None:
    shutil.copy(lock, _installed_lock(folder))


def _run_command(command: list[str], folder: Path) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise NotInstalled(f"{' '.join(command[:3])} failed:\n{(result.stdout + result.stderr)[-2000:]}")

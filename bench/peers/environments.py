"""Where the peers' libraries are: one environment for Python's, one for Node's, each made from its lock.

Erlang's is the system's own: ejabberd as Debian packs it, where somebody has installed it.

An environment counts as installed while it bears the text of the lock as it is now. Nothing is installed
that a lock does not pin, and nothing while servers are measured.
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
    """As much of a package.json as is told in a report."""

    dependencies: dict[str, str]


class NotInstalled(Exception):  # noqa: N818 - what is the matter, said to a person
    """A peer's libraries are not there, or could not be fetched."""


class Environment(Protocol):
    """Libraries of one language, and how to run a program with them."""

    name: str

    def install(self) -> None:
        """Make it anew if it is not as its lock says.

        Raises:
            NotInstalled: with the last that the installer said. It is retried from the start.
        """

    def command(self, program: str) -> list[str]:
        """How to run one of the peers.

        Raises:
            NotInstalled: it is not there as its lock says, with what to do about it.
        """

    def variables(self) -> Mapping[str, str]:
        """What its programs need in their environment."""

    def versions(self) -> list[str]:
        """The libraries that count, as its lock pins them, and what runs them."""


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
            raise NotInstalled("there is no node and npm on the path")
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for file in (self._lock, self._programs / "package.json"):
            shutil.copy(file, self._folder)
        _run_command([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], self._folder)
        _record_installed(self._folder, self._lock)

    def command(self, program: str) -> list[str]:
        node = shutil.which("node")
        if node is None:
            raise NotInstalled("there is no node on the path")
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
        """It takes root to do it: it is only said how."""
        ejabberd_libraries()

    def command(self, program: str) -> list[str]:
        ejabberd_libraries()
        return [sys.executable, "-m", f"bench.peers.{program}"]

    def variables(self) -> Mapping[str, str]:
        return {}

    def versions(self) -> list[str]:
        return [ejabberd_libraries().name.replace("-", " ", 1)]


def ejabberd_libraries() -> Path:
    """The folder of ejabberd's own code, with Erlang to run it. Raises `NotInstalled`."""
    found = sorted(Path("/usr/lib").glob("*/ejabberd-*"))
    if not found or shutil.which("erl") is None:
        raise NotInstalled("`apt install --no-install-recommends ejabberd` installs it")
    return found[-1]


PYTHON = PythonEnvironment()
NODE = NodeEnvironment()
ERLANG = ErlangEnvironment()


def _installed_lock(folder: Path) -> Path:
    return folder / "made-from"


def _is_up_to_date(folder: Path, lock: Path) -> bool:
    made_from = _installed_lock(folder)
    return made_from.exists() and made_from.read_bytes() == lock.read_bytes()


def _record_installed(folder: Path, lock: Path) -> None:
    shutil.copy(lock, _installed_lock(folder))


def _run_command(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotInstalled(f"{' '.join(command[:3])} failed:\n{(done.stdout + done.stderr)[-2000:]}")

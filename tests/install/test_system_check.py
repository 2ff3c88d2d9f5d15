"""Systems that cannot run Convene are told so in one sentence, before an environment is made."""

import subprocess
import sys
from pathlib import Path

import pytest

from check_system import refusal

ROOT = Path(__file__).parents[2]

FAKE_INTERPRETER = """#!/bin/sh
# An interpreter on another system: it records what it is asked to run.
echo "$@" >> "$0.calls"
exec "{python}" -c "
import os, platform, runpy, sys
{fake}
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
" "$@"
"""


@pytest.mark.parametrize("python", [(3, 11), (3, 12), (3, 13)])
@pytest.mark.parametrize(("system", "glibc"), [("Linux", True), ("Darwin", False)])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "arm64"])
def test_supported_systems(system: str, glibc: bool, machine: str, python: tuple[int, int]) -> None:
    """Linux with glibc and macOS, with the supported versions of Python."""
    assert refusal(system, glibc, machine, python) is None


@pytest.mark.parametrize(
    ("fake", "reason"),
    [
        ("platform.system = lambda: 'Windows'", "Linux and macOS, and this is Windows."),
        ("platform.system = lambda: 'FreeBSD'", "Linux and macOS, and this is FreeBSD."),
        ("os.confstr = lambda name: None", "musl"),
        ("platform.machine = lambda: 'riscv64'", "this machine is riscv64."),
        ("sys.version_info = (3, 10, 4)", "is 3.10:"),
        ("sys.version_info = (3, 14, 0)", "is 3.14:"),
        ("sys.version_info = (3, 6, 15)", "is 3.6:"),
        ("sys.modules['ensurepip'] = None", "python3-venv"),
    ],
)
@pytest.mark.parametrize("target", ["run", "test-fast"])
def test_unsupported_systems_get_one_sentence(tmp_path: Path, target: str, fake: str, reason: str) -> None:
    """The interpreter is asked nothing but the check, so nothing is made or downloaded."""
    interpreter = tmp_path / "python"
    interpreter.write_text(FAKE_INTERPRETER.format(python=sys.executable, fake=fake))
    interpreter.chmod(0o755)

    made = run_make(tmp_path, target, interpreter)

    assert made.returncode != 0
    sentences = [line for line in made.stderr.splitlines() if not line.startswith("make")]
    assert len(sentences) == 1
    assert reason in sentences[0]
    assert made.stdout == ""
    assert (tmp_path / "python.calls").read_text() == "check_system.py\n"
    assert not (tmp_path / "venv").exists()


def test_missing_interpreter_gets_one_sentence(tmp_path: Path) -> None:
    """Where there is no `python3` at all."""
    made = run_make(tmp_path, "run", tmp_path / "absent")

    sentences = [line for line in made.stderr.splitlines() if not line.startswith("make")]
    assert len(sentences) == 1
    assert sentences[0].startswith(f"Convene needs Python, and there is no {tmp_path / 'absent'}: ")


def run_make(folder: Path, target: str, python: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", target, f"PYTHON={python}", f"VENV={folder / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

"""Refuses a system that Convene cannot run on, before anything is downloaded: `python check_system.py`.

Every Python from 3.6 on can read it, so that an old one gets a sentence instead of a syntax error.
"""

import os
import platform
import sys
from typing import Optional, Tuple  # noqa: UP035 - the names that old versions know

PYTHONS = ((3, 11), (3, 12), (3, 13))
MACHINES = ("x86_64", "amd64", "aarch64", "arm64")


def refusal(system: str, has_glibc: bool, machine: str, python: Tuple[int, int]) -> Optional[str]:  # noqa: FBT001, UP006, UP045 - as above
    """Return why Convene cannot run, in one sentence; None if it can.

    `system` and `machine` are what `platform` says, `python` is (major, minor).
    """
    if python not in PYTHONS:
        return (
            f"Convene needs Python 3.11, 3.12 or 3.13, and {sys.executable} is {python[0]}.{python[1]}: "
            "name another one, as in `make run PYTHON=python3.12`."
        )
    if system not in ("Linux", "Darwin"):
        return f"Convene runs on Linux and macOS, and this is {system or 'another system'}."
    if system == "Linux" and not has_glibc:
        return "Convene needs a Linux with glibc, and this one has another C library, as Alpine has musl."
    if machine.lower() not in MACHINES:
        return f"Convene runs on x86-64 and 64-bit ARM, and this machine is {machine or 'another one'}."
    return None


def find_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, OSError, ValueError):
        return False


def find_venv() -> bool:
    """Whether environments can be made: some distributions package that separately."""
    try:
        __import__("ensurepip")
        __import__("venv")
    except ImportError:
        return False
    return True


def main() -> None:
    reason = refusal(platform.system(), find_glibc(), platform.machine(), sys.version_info[:2])
    if reason is None and not find_venv():
        reason = (
            f"{sys.executable} cannot make environments: install its module venv (python3-venv in Debian)."
        )
    if reason is not None:
        sys.exit(reason)


if __name__ == "__main__":
    main()

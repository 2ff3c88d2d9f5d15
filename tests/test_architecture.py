"""Architecture rules that are checked on the source text. Import rules are checked by import-linter."""

import re
from collections import Counter
from pathlib import Path

import pytest

from storage.postgres.statement import split_statements

ROOT = Path(__file__).parent.parent
SOURCES = ("server", "actors", "storage", "config", "client", "loadtest", "examples")
LOAD_STATEMENT = re.compile(r'load_statement\(\s*("?\w+"?),\s*"(\w+)",\s*"(\w+)"')
STRING_CONSTANT = re.compile(r'^(\w+)\b.*= "(\w+)"', re.MULTILINE)
VAGUE_FILE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def python_files() -> list[Path]:
    return [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")]


def test_each_query_is_loaded_by_exactly_one_store() -> None:
    """No statement is unused, and no statement is used by two stores."""
    loaded: Counter[tuple[str, str, str]] = Counter()
    for path in (ROOT / "storage" / "postgres").rglob("*.py"):
        constants = dict(STRING_CONSTANT.findall(path.read_text()))
        for service, store, name in LOAD_STATEMENT.findall(path.read_text()):
            loaded[constants.get(service, service.strip('"')), store, name] += 1
    statements = [
        (path.parent.name, path.stem, name)
        for path in (ROOT / "sql").glob("*/*.sql")
        for name, _ in split_statements(path.read_text())
    ]

    assert statements
    assert loaded == Counter(statements)


def test_each_statement_has_a_comment() -> None:
    """A comment that says what the statement does follows its name."""
    for path in (ROOT / "sql").glob("*/*.sql"):
        for name, block in split_statements(path.read_text()):
            assert re.match(r"-- [^ ]", block), (path, name)


def test_each_sql_file_starts_with_a_comment() -> None:
    """The header comment of a statement documents its parameters and rows."""
    for path in (ROOT / "sql").rglob("*.sql"):
        assert path.read_text().startswith("-- "), path


def test_sql_statements_are_only_in_sql_files() -> None:
    """Code above storage contains no SQL statements."""
    statement = re.compile(r'"\s*(SELECT .* FROM|INSERT INTO|UPDATE .* SET|DELETE FROM)\b')
    for folder in ("server", "actors", "client"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not statement.search(path.read_text()), path


@pytest.mark.parametrize("driver", ["asyncpg", "motor", "pymongo", "bson", "redis", "hiredis", "aiosmtplib"])
def test_drivers_are_imported_only_in_storage(driver: str) -> None:
    """No module outside `storage/` imports a store driver, `run.py` included."""
    imported = re.compile(rf"^\s*(import|from) {driver}\b", re.MULTILINE)
    other_files = [path for path in python_files() if "storage" not in path.relative_to(ROOT).parts[:1]]
    for path in [*other_files, ROOT / "run.py"]:
        assert not imported.search(path.read_text()), path


def test_no_file_has_a_vague_name() -> None:
    """Names such as `utils` or `helpers` collect unrelated code."""
    for path in python_files():
        assert path.stem not in VAGUE_FILE_NAMES, path


def test_every_source_file_starts_with_a_docstring() -> None:
    """Every module documents its purpose."""
    for path in python_files():
        assert path.read_text().startswith('"""'), path


def test_lock_file_contains_no_urls() -> None:
    """The lock file contains only pins and hashes, no package index and no download URL."""
    lock = (ROOT / "constraints.txt").read_text()

    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock

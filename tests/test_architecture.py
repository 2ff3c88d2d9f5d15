"""Architecture rules that are checked on the source text. Import rules are checked by import-linter."""

import re
import tokenize
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


# Words of the glossary's predecessors. They name nothing that an engineer of the field would look for.
RETIRED_WORDS = {
    "allowance", "amend", "amendment", "anew", "aside", "asides", "bury", "conductor", "crowd",
    "deaf", "departures", "ear", "ears", "everybody", "eyes", "gathering", "gatherings", "goer",
    "grown", "hall", "happening", "hasty", "heard", "hears", "house", "keeper", "ledgers", "mortal",
    "neighbours", "newspaper", "nobody", "parted", "patience", "playwright", "postbox", "rendition",
    "revise", "shaky", "somebody", "spared", "stranger", "strangers", "stretch", "surroundings",
    "teller", "tells", "told", "town", "turnstile", "untold", "wakeful", "whoever",
}  # fmt: skip
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def words_of(identifier: str) -> set[str]:
    return {word.lower() for word in WORD.findall(identifier)}


def test_retired_words_are_not_used_in_identifiers() -> None:
    """Names follow `docs/glossary.md`: no identifier of the sources, benchmarks and tests contains one."""
    used: list[str] = []
    other_files = [path for folder in ("bench", "tests") for path in (ROOT / folder).rglob("*.py")]
    installed = {"node_modules", ".installed"}
    for path in [*python_files(), *(path for path in other_files if not installed & set(path.parts))]:
        with path.open("rb") as source:
            used += [
                f"{path.relative_to(ROOT)}:{token.start[0]} {token.string}"
                for token in tokenize.tokenize(source.readline)
                if token.type == tokenize.NAME and words_of(token.string) & RETIRED_WORDS
            ]

    assert used == []


def test_retired_words_are_not_used_in_file_names() -> None:
    """Names of files and folders follow `docs/glossary.md` as well, in tests and the browser client too."""
    folders = (*SOURCES, "sql", "web", "tests", "bench", "docs")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    generated = {"node_modules", ".installed", "__pycache__", "build"}
    kept = [path for path in paths if not generated & set(path.parts)]

    assert len(kept) > 500
    assert [str(path) for path in kept if words_of(path.stem) & RETIRED_WORDS] == []


def test_methods_named_on_handle_and_do_not_register() -> None:
    """`on_...` is called when something happens. What sets a callback is named `set_..._callback`."""
    registration = re.compile(r"def (on_\w+)\(\s*self,\s*\w+: Callable")
    named = [(str(path), name) for path in python_files() for name in registration.findall(path.read_text())]

    assert named == []

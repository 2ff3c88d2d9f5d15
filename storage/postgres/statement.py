"""Loads statements from SQL files: `:name` in the text becomes `$1`, with the type that the header declares.

A file holds the statements of one store:

    -- name: user_lock
    -- Locks a user's row.
    --
    --   :user_id uuid   -> id, or none
    SELECT id FROM users WHERE id = :user_id FOR UPDATE

A store passes parameters in the order of the header, which is the statement's signature. Libraries such as
aiosql generate untyped methods instead, with parameters by name at every call (docs/decisions/0008).
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

SQL: Final = Path(__file__).resolve().parents[2] / "sql"
_NAME_LINE = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\n", re.MULTILINE)
_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")
_TYPED_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*) +([a-z0-9_]+(?:\[\])?)")


class InvalidStatement(Exception):  # noqa: N818 - named after the condition
    """A file has no such statement, or the header of a statement does not match its text."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in PostgreSQL's syntax; `parameters` are the names of `$1`, `$2`, ..."""

    name: str
    text: str
    parameters: tuple[str, ...]


def load_statement(service: str, store: str, name: str) -> Statement:
    """Return the statement `name` of `sql/<service>/<store>.sql`. Files are read once per process."""
    statements = _load_file(service, store)
    if name not in statements:
        raise InvalidStatement(f"sql/{service}/{store}.sql has no statement named {name}.")
    return statements[name]


@cache
def _load_file(service: str, store: str) -> dict[str, Statement]:
    source = (SQL / service / f"{store}.sql").read_text("utf-8")
    return {name: parse_statement(name, block) for name, block in split_statements(source)}


def split_statements(source: str) -> list[tuple[str, str]]:
    """Split a file into (name, block) at its `-- name:` lines."""
    _, *parts = _NAME_LINE.split(source)
    return list(zip(parts[::2], parts[1::2], strict=True))


def parse_statement(name: str, source: str) -> Statement:
    """Parse one block. Raises `InvalidStatement` if header and text name different parameters."""
    lines = source.splitlines()
    # Signature lines are indented; the prose above them may mention parameters too.
    header = "\n".join(line for line in lines if line.startswith("--   "))
    body = "\n".join(line for line in lines if not line.startswith("--")).strip()
    types = dict(_TYPED_PARAMETER.findall(header))
    used = set(_PARAMETER.findall(body))
    if used != types.keys():
        raise InvalidStatement(f"{name}: the header declares {sorted(types)}, the text uses {sorted(used)}.")
    numbers = {parameter: number for number, parameter in enumerate(types, 1)}
    text = _PARAMETER.sub(lambda match: f"${numbers[match[1]]}::{types[match[1]]}", body)
    return Statement(name, text, tuple(types))

"""SQL files as statements: `:name` in the text, its type in the header, `$1` on the wire.

Own, rather than a library that makes methods of SQL files: those are untyped, take their parameters by
name at every call, and hide which store uses which file. Here a store names each file that it loads, and
gives the parameters in the order of the header, which is the statement's signature. Never builds SQL
from values.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

SQL: Final = Path(__file__).resolve().parents[2] / "sql"
_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*)")
_TYPED_PARAMETER = re.compile(r"(?<!:):([a-z_][a-z0-9_]*) +([a-z0-9_]+(?:\[\])?)")


class InvalidStatement(Exception):  # noqa: N818 - a mistake in a file, found when it is loaded
    """The header and the text of a statement do not go together."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Text as PostgreSQL takes it; `parameters` are the names behind `$1`, `$2`, ..."""

    name: str
    text: str
    parameters: tuple[str, ...]


@cache
def load_statement(service: str, name: str) -> Statement:
    """Load `sql/<service>/queries/<name>.sql`, once a process."""
    return parse_statement(name, (SQL / service / "queries" / f"{name}.sql").read_text("utf-8"))


def parse_statement(name: str, source: str) -> Statement:
    lines = source.splitlines()
    # The signature stands in; the prose above it may name parameters too.
    header = "\n".join(line for line in lines if line.startswith("--   "))
    body = "\n".join(line for line in lines if not line.startswith("--")).strip()
    types = dict(_TYPED_PARAMETER.findall(header))
    used = set(_PARAMETER.findall(body))
    if used != types.keys():
        raise InvalidStatement(f"{name}: the header signs {sorted(types)}, the text uses {sorted(used)}.")
    numbers = {parameter: number for number, parameter in enumerate(types, 1)}
    text = _PARAMETER.sub(lambda found: f"${numbers[found[1]]}::{types[found[1]]}", body)
    return Statement(name, text, tuple(types))

"""Writes docs/configuration.md from the settings structs: `python docs/write_configuration.py`.

A setting's default, type and bounds are read from its struct, its meaning from the docstring below the field.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect as types

DOCS = Path(__file__).parent
ROOT = DOCS.parent
FILE = DOCS / "configuration.md"
SECTION_TITLES: Final = {
    "server": "The listener, and HTTP limits per caller",
    "stores": "Stores",
    "limits": "Limits",
    "log": "Log",
    "ops": "Pages for operators",
    "tracing": "Traces",
    "mail": "Mail",
    "privacy": "Privacy of new accounts",
    "registration": "Registration",
}
UNITS: Final = (
    ("_per_minute", "per minute"),
    ("_per_s", "per second"),
    ("_ms", "ms"),
    ("_s", "s"),
    ("_bytes", "bytes"),
)
"""Suffix of a name -> the unit of its value."""

OTHER_VARIABLES: Final = {
    "CONVENE_CONFIG": "Configuration file, for all commands. `--config` overrides it.",
    "CONVENE_CHROMIUM": "Chromium for `make test-browser`; only tests read it.",
    "CONVENE_PYTHON": "Python for `make test-browser`; only tests read it.",
    "CONVENE_TEST_LONG": "Set to 1 for the long versions of tests; only tests read it.",
}
"""Variables that are no setting."""

INTRODUCTION: Final = """# Configuration

Made by `docs/write_configuration.py` from `config/settings.py` and `config/limits.py`; a test checks that it
is current.

Settings come from the defaults, then from a TOML file (`run.py --config FILE`, or `CONVENE_CONFIG`), then
from environment variables; later ones override. A TOML file has a section for each table below. Every setting
is optional. At start all errors are reported together. An unknown name is an error. Lists are TOML arrays,
and comma-separated in a variable.

`config/production.toml` is a file with tight limits for the public internet. A change takes effect when an
instance is restarted.
"""


class Setting(msgspec.Struct, frozen=True):
    section: str
    name: str
    variable: str
    kind: str
    default: str
    unit: str
    meaning: str

    def row(self) -> str:
        variable = f"`{self.variable}`" if self.variable else "only in the file"
        cells = (f"`{self.name}`", variable, self.kind, self.default, self.unit, self.meaning)
        return f"| {' | '.join(cells)} |"


def read_settings() -> Iterator[Setting]:
    """Yield all settings in the order of their definition."""
    sys.path.insert(0, str(ROOT))
    from config.settings import ENVIRONMENT_VARIABLES, Settings
    from config.settings_layers import LIMITS_PREFIX

    variables = {place: variable for variable, place in ENVIRONMENT_VARIABLES.items()}
    for section in msgspec.structs.fields(Settings):
        meanings = read_meanings(section.type)
        for field in msgspec.structs.fields(section.type):
            place = (section.name, field.name)
            is_limit = section.name == "limits"
            yield Setting(
                section=section.name,
                name=field.name,
                variable=LIMITS_PREFIX + field.name.upper() if is_limit else variables.get(place, ""),
                kind=describe_type(types.type_info(field.type)),
                default=describe_default(field.default),
                unit=next((unit for suffix, unit in UNITS if field.name.endswith(suffix)), ""),
                meaning=meanings.get(field.name, ""),
            )


def read_meanings(struct: type) -> dict[str, str]:
    """Return the docstring below each field of a class."""
    (definition,) = ast.parse(inspect.getsource(struct)).body
    assert isinstance(definition, ast.ClassDef)
    meanings = {}
    for field, following in zip(definition.body, definition.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            meanings[field.target.id] = " ".join(str(following.value.value).split())
    return meanings


def describe_type(kind: types.Type) -> str:
    match kind:
        case types.UnionType(types=options):
            return ", ".join(describe_type(one) for one in options if not isinstance(one, types.NoneType))
        case types.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case types.VarTupleType(item_type=item):
            return f"list of {describe_type(item)}"
        case types.BoolType():
            return "`true` or `false`"
        case types.IntType(ge=low, le=high):
            return "whole number" + describe_bounds(low, high)
        case types.FloatType(ge=low, le=high):
            return "number" + describe_bounds(low, high)
        case types.StrType():
            return "text"
        case types.Metadata(type=inner):
            return describe_type(inner)
        case _:
            raise TypeError(f"no description of {kind}")


def describe_bounds(low: float | None, high: float | None) -> str:
    match low, high:
        case None, None:
            return ""
        case _, None:
            return f" from {low}"
        case None, _:
            return f" to {high}"
        case _:
            return f" {low}-{high}"


def describe_default(default: Any) -> str:
    match default:
        case None | ():
            return "none"
        case bool():
            return f"`{str(default).lower()}`"
        case tuple():
            return f"`{', '.join(map(str, default))}`"
        case _:
            return f"`{default}`"


def configuration() -> str:
    """Return the text of docs/configuration.md."""
    lines = [INTRODUCTION]
    header = "| key | variable | value | default | unit | meaning |\n|---|---|---|---|---|---|"
    settings = list(read_settings())
    for section in dict.fromkeys(setting.section for setting in settings):
        lines.append(f"## `[{section}]` {SECTION_TITLES.get(section, '')}".rstrip() + "\n")
        if section == "limits":
            lines.append("Every limit must be greater than 0.\n")
        lines.append(header)
        lines += [setting.row() for setting in settings if setting.section == section]
        lines.append("")
    lines += ["## Other variables\n", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{variable}` | {meaning} |" for variable, meaning in OTHER_VARIABLES.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(configuration())

"""A JSON Schema for readers: what a value is, in one line, and an object's fields as a table.

Knows the parts of JSON Schema that msgspec writes. Never fails on others: it leaves them out.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from server.api_docs.html import Html, concat, element, inline, join_with
from server.api_docs.openapi_document import Schema
from server.api_docs.schemas import SCHEMA_REF_PREFIX

_CONSTRAINTS: Final = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "minimum": "from {}",
    "maximum": "to {}",
    "exclusiveMinimum": "above {}",
    "exclusiveMaximum": "below {}",
    "maxProperties": "at most {}",
    "pattern": "like {}",
}


def anchor_of(name: str) -> str:
    return f"schema-{name}"


def type_html(schema: Schema) -> Html:
    """Say what a value is."""
    match schema:
        case {"$ref": str(reference)}:
            name = reference.removeprefix(SCHEMA_REF_PREFIX)
            return element("a", name, href=f"#{anchor_of(name)}")
        case {"allOf": [first, *_]}:
            return type_html(first)
        case {"anyOf": choices} | {"oneOf": choices}:
            return join_with(" or ", [type_html(choice) for choice in choices])
        case {"enum": values}:
            return join_with(" | ", [element("code", str(value)) for value in values])
        case {"const": value}:
            return element("code", str(value))
        case {"type": "array"}:
            return concat("list of ", type_html(schema.get("items", {})))
        case {"type": "object", "additionalProperties": dict(values)} if values:
            return concat("map to ", type_html(values))
        case {"type": str(kind)}:
            return concat(kind, f" ({schema['format']})" if "format" in schema else "")
        case _:
            return Html("anything")


def constraints_html(schema: Schema) -> Html:
    """Say within which bounds, and what stands for nothing said."""
    told: list[str] = []
    for part in (schema, *schema.get("anyOf", ())):
        told += [
            text.format(f"`{part[key]}`" if key == "pattern" else _number(part[key]))
            for key, text in _CONSTRAINTS.items()
            if key in part
        ]
    if schema.get("default") is not None:
        told.append(f"default `{json.dumps(schema['default'], ensure_ascii=False)}`")
    return inline(", ".join(told))


def fields_html(schema: Schema) -> Html:
    """Show an object's fields, the required ones marked."""
    required = schema.get("required", ())
    rows = [
        row_html(name, field, _description(field), required=name in required)
        for name, field in schema.get("properties", {}).items()
    ]
    return table_html("Field", rows) if rows else Html()


def row_html(name: str, schema: Schema, description: str, *, required: bool) -> Html:
    mark = element("span", "required", class_="required") if required else ""
    return element(
        "tr",
        element("td", element("code", name), " ", mark),
        element("td", type_html(schema)),
        element("td", constraints_html(schema)),
        element("td", inline(description)),
    )


def table_html(first: str, rows: list[Html]) -> Html:
    """Show fields: each of `rows` is a `row_html`."""
    return _table((first, "Type", "Bounds", "Meaning"), rows)


def plain_table_html(names: Sequence[str], rows: Iterable[Sequence[Html]]) -> Html:
    """Show anything else, by the names of its columns."""
    return _table(names, [element("tr", *(element("td", cell) for cell in row)) for row in rows])


def _table(names: Sequence[str], rows: Iterable[Html]) -> Html:
    heads = [element("th", name, scope="col") for name in names]
    table = element("table", element("thead", element("tr", *heads)), element("tbody", *rows))
    return element("div", table, class_="wide", tabindex="0")


def _description(schema: Schema) -> str:
    found = [part["description"] for part in (schema, *schema.get("anyOf", ())) if "description" in part]
    return str(found[0]) if found else ""


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)

"""JSON Schemas of all types of a contract, each once, by the names under which they are published.

The types are those that decode and encode, so what is published is what holds. Never adds a rule of
its own.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from server.api_docs.openapi_document import Parameter, Schema
from server.http.query_parameters import is_list_type

SCHEMA_REF_PREFIX: Final = "#/components/schemas/"
_GENERIC_NAME = re.compile(r"([A-Z][A-Za-z]*)_(\w+)_$")


class Schemas:
    """Schemas of `published` types by name, and of `queries` as parameters."""

    def __init__(self, published: Iterable[Any], queries: Iterable[type[msgspec.Struct]]) -> None:
        types, asked = list(dict.fromkeys(published)), list(dict.fromkeys(queries))
        made, components = msgspec.json.schema_components(
            [*types, *asked], ref_template=SCHEMA_REF_PREFIX + "{name}"
        )
        named = {_component_name(name): _rename_references(schema) for name, schema in components.items()}
        schemas = [_rename_references(schema) for schema in made]
        self._by_type: dict[Any, Schema] = dict(zip(types, schemas[: len(types)], strict=True))
        # A query is no object on the wire: its fields are published as parameters, itself not at all.
        self._by_query = {
            query: named.pop(schema["$ref"].removeprefix(SCHEMA_REF_PREFIX))
            for query, schema in zip(asked, schemas[len(types) :], strict=True)
        }
        self.by_name: dict[str, Schema] = named

    def reference(self, published: Any) -> Schema:
        """Refer to a type that was published."""
        return self._by_type[published]

    def parameters(self, query: type[msgspec.Struct]) -> tuple[Parameter, ...]:
        """Describe each field of a query, in order."""
        properties = self._by_query[query]["properties"]
        return tuple(
            _parameter(field, _without_null(properties[field.encode_name]))
            for field in msgspec.structs.fields(query)
        )


def _parameter(field: msgspec.structs.FieldInfo, schema: Schema) -> Parameter:
    listed = is_list_type(msgspec.inspect.type_info(field.type))
    return Parameter(
        name=field.encode_name,
        location="query",
        description=schema.pop("description", ""),
        required=field.required,
        schema=schema,
        style="form" if listed else None,
        explode=False if listed else None,
    )


def _without_null(schema: Schema) -> Schema:
    """Take null out of what a parameter may be: one that is absent is not there, it is not null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf" and value is not None}
    return {**rest, **choices[0]} if len(choices) == 1 else {**rest, "anyOf": choices} if choices else rest


def _component_name(name: str) -> str:
    """`Page_Post_`, as `Page[Post]` is called, is a `PostPage`."""
    generic = _GENERIC_NAME.fullmatch(name)
    return f"{generic[2]}{generic[1]}" if generic else name


def _rename_references(part: Any) -> Any:
    match part:
        case dict():
            return {key: _rename_references(value) for key, value in part.items()}
        case list() | tuple():
            return [_rename_references(value) for value in part]
        case str() if part.startswith(SCHEMA_REF_PREFIX):
            return SCHEMA_REF_PREFIX + _component_name(part.removeprefix(SCHEMA_REF_PREFIX))
        case _:
            return part

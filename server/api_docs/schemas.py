"""JSON Schemas and descriptions of the published types.

The types are the ones that decode requests and encode responses, so the schemas cannot differ from the
behaviour. The descriptions are the docstrings of the types.
"""

import re
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Final, get_args, get_origin

import msgspec

from server.api_docs.openapi_document import Parameter, Schema
from server.http.request_decoding import is_list_type

SCHEMA_REF_PREFIX: Final = "#/components/schemas/"
_GENERIC_NAME = re.compile(r"([A-Z][A-Za-z]*)_(\w+)_$")


class Schemas:
    """Schemas of `published` types by component name, and the fields of `queries` as parameters."""

    def __init__(self, published: Iterable[Any], queries: Iterable[type[msgspec.Struct]]) -> None:
        types, query_types = list(dict.fromkeys(published)), list(dict.fromkeys(queries))
        references, components = msgspec.json.schema_components(
            [*types, *query_types], ref_template=SCHEMA_REF_PREFIX + "{name}"
        )
        by_name = {_component_name(name): _rename_references(schema) for name, schema in components.items()}
        schemas = [_rename_references(schema) for schema in references]
        self._by_type: dict[Any, Schema] = dict(zip(types, schemas[: len(types)], strict=True))
        # A query is not a JSON object: its fields are published as parameters, and it has no component.
        self._by_query = {
            query: by_name.pop(schema["$ref"].removeprefix(SCHEMA_REF_PREFIX))
            for query, schema in zip(query_types, schemas[len(types) :], strict=True)
        }
        self.by_name: dict[str, Schema] = by_name

    def reference(self, published: Any) -> Schema:
        """Return the schema of a published type: a reference to its component, if it has one."""
        return self._by_type[published]

    def parameters(self, query: type[msgspec.Struct]) -> tuple[Parameter, ...]:
        """Return the fields of a query as parameters, in order."""
        properties = self._by_query[query]["properties"]
        return tuple(
            _parameter(field, _without_null(properties[field.encode_name]))
            for field in msgspec.structs.fields(query)
        )


def split_summary(docstring: str) -> tuple[str, str]:
    """Split a docstring into its first sentence, without the full stop, and the rest."""
    first, _, rest = docstring.partition("\n\n")
    summary, _, more = " ".join(first.split()).partition(". ")
    return summary.removesuffix("."), "\n\n".join(part for part in (more, rest.strip()) if part)


def describe_struct(kind: type[msgspec.Struct]) -> tuple[str, str]:
    """Return the summary and the description of a struct.

    For a generic struct with arguments, the docstrings of the arguments follow its own.
    """
    origin = get_origin(kind) or kind
    docstrings = (_docstring(part) for part in (origin, *get_args(kind)))
    paragraphs = (" ".join(part.split()) for text in docstrings for part in text.split("\n\n"))
    return split_summary("\n\n".join(filter(None, paragraphs)) or origin.__name__)


def _docstring(kind: type) -> str:
    # `__doc__` of the class itself: `inspect.getdoc` would return an inherited one.
    return cleandoc(vars(kind).get("__doc__") or "")


def _parameter(field: msgspec.structs.FieldInfo, schema: Schema) -> Parameter:
    is_list = is_list_type(msgspec.inspect.type_info(field.type))
    return Parameter(
        name=field.encode_name,
        location="query",
        description=schema.pop("description", ""),
        required=field.required,
        schema=schema,
        style="form" if is_list else None,
        explode=False if is_list else None,
    )


def _without_null(schema: Schema) -> Schema:
    """Remove null from the schema of a parameter: an absent parameter has no value."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf" and value is not None}
    return {**rest, **choices[0]} if len(choices) == 1 else {**rest, "anyOf": choices} if choices else rest


def _component_name(name: str) -> str:
    """Turn the name that msgspec gives `Page[Post]`, `Page_Post_`, into `PostPage`."""
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

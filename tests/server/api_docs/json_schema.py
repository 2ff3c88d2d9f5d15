"""A value held against a JSON Schema, by the keywords that msgspec writes. Never passes over another one."""

import re
from collections.abc import Callable
from typing import Any

from server.api_docs.schemas import SCHEMA_REF_PREFIX

Json = Any
JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
BOUNDS: dict[str, Callable[[Json, Json], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "maxProperties": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, pattern: re.search(pattern, value) is not None,
    "enum": lambda value, values: any(value == one and type(value) is type(one) for one in values),
}
ANNOTATIONS = {"type", "title", "description", "default"}


def schema_errors(schema: Json, value: Json, schemas: Json, path: str = "$") -> list[str]:
    """What is wrong with a value. A field that its schema does not name is wrong too."""
    if "type" in schema and not _is_type(schema["type"], value):
        return [f"{path} is no {schema['type']}"]
    found: list[str] = []
    for keyword, said in schema.items():
        match keyword:
            case "$ref":
                found += schema_errors(schemas[said.removeprefix(SCHEMA_REF_PREFIX)], value, schemas, path)
            case "anyOf":
                tried = [schema_errors(one, value, schemas, path) for one in said]
                fewest: list[str] = min(tried, key=len)
                found += fewest
            case "properties":
                for name in value.keys() & said.keys():
                    found += schema_errors(said[name], value[name], schemas, f"{path}.{name}")
                found += [f"{path}.{name} is not named" for name in sorted(value.keys() - said.keys())]
            case "required":
                found += [f"{path}.{name} is missing" for name in said if name not in value]
            case "additionalProperties":
                for name in value:
                    found += schema_errors(said, value[name], schemas, f"{path}.{name}")
            case "propertyNames":
                for name in value:
                    found += schema_errors(said, name, schemas, f"{path}.{name}")
            case "items":
                for number, one in enumerate(value):
                    found += schema_errors(said, one, schemas, f"{path}[{number}]")
            case _ if keyword in BOUNDS:
                found += [] if BOUNDS[keyword](value, said) else [f"{path}: {keyword} is {said}"]
            case _:
                assert keyword in ANNOTATIONS, f"{path}: {keyword} is not known here"
    return found


def _is_type(json_type: str, value: Json) -> bool:
    # To Python a truth is a number; to JSON it is not.
    return isinstance(value, JSON_TYPES[json_type]) and (
        json_type == "boolean" or not isinstance(value, bool)
    )

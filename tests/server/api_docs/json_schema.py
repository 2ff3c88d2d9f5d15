"""A validator for the JSON Schema keywords that msgspec writes. An unknown keyword is an error."""

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
    "enum": lambda value, values: any(
        value == allowed and type(value) is type(allowed) for allowed in values
    ),
}
ANNOTATIONS = {"type", "title", "description", "default"}


def schema_errors(schema: Json, value: Json, schemas: Json, path: str = "$") -> list[str]:
    """Return what is wrong with a value. A field that the schema does not declare is an error."""
    if "type" in schema and not _is_type(schema["type"], value):
        return [f"{path} is not of type {schema['type']}"]
    errors: list[str] = []
    for keyword, argument in schema.items():
        match keyword:
            case "$ref":
                target = schemas[argument.removeprefix(SCHEMA_REF_PREFIX)]
                errors += schema_errors(target, value, schemas, path)
            case "anyOf":
                by_choice = [schema_errors(choice, value, schemas, path) for choice in argument]
                fewest: list[str] = min(by_choice, key=len)
                errors += fewest
            case "properties":
                for name in value.keys() & argument.keys():
                    errors += schema_errors(argument[name], value[name], schemas, f"{path}.{name}")
                undeclared = sorted(value.keys() - argument.keys())
                errors += [f"{path}.{name} is not declared" for name in undeclared]
            case "required":
                errors += [f"{path}.{name} is missing" for name in argument if name not in value]
            case "additionalProperties":
                for name in value:
                    errors += schema_errors(argument, value[name], schemas, f"{path}.{name}")
            case "propertyNames":
                for name in value:
                    errors += schema_errors(argument, name, schemas, f"{path}.{name}")
            case "items":
                for number, item in enumerate(value):
                    errors += schema_errors(argument, item, schemas, f"{path}[{number}]")
            case _ if keyword in BOUNDS:
                errors += [] if BOUNDS[keyword](value, argument) else [f"{path}: {keyword} is {argument}"]
            case _:
                assert keyword in ANNOTATIONS, f"{path}: unknown keyword {keyword}"
    return errors


def _is_type(json_type: str, value: Json) -> bool:
    # In Python `bool` is a subclass of `int`; in JSON a boolean is not a number.
    return isinstance(value, JSON_TYPES[json_type]) and (
        json_type == "boolean" or not isinstance(value, bool)
    )

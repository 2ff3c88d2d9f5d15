"""A value held against a JSON Schema, by the keywords that msgspec writes. Never passes over another one."""

import re
from collections.abc import Callable
from typing import Any

from server.contract.schemas import PLACE

Json = Any
KINDS: dict[str, tuple[type, ...]] = {
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
SAYING = {"type", "title", "description", "default"}


def faults(schema: Json, value: Json, schemas: Json, where: str = "$") -> list[str]:
    """What is wrong with a value. A field that its schema does not name is wrong too."""
    if "type" in schema and not _is(schema["type"], value):
        return [f"{where} is no {schema['type']}"]
    found: list[str] = []
    for keyword, said in schema.items():
        match keyword:
            case "$ref":
                found += faults(schemas[said.removeprefix(PLACE)], value, schemas, where)
            case "anyOf":
                tried = [faults(one, value, schemas, where) for one in said]
                fewest: list[str] = min(tried, key=len)
                found += fewest
            case "properties":
                for name in value.keys() & said.keys():
                    found += faults(said[name], value[name], schemas, f"{where}.{name}")
                found += [f"{where}.{name} is not named" for name in sorted(value.keys() - said.keys())]
            case "required":
                found += [f"{where}.{name} is missing" for name in said if name not in value]
            case "additionalProperties":
                for name in value:
                    found += faults(said, value[name], schemas, f"{where}.{name}")
            case "propertyNames":
                for name in value:
                    found += faults(said, name, schemas, f"{where}.{name}")
            case "items":
                for number, one in enumerate(value):
                    found += faults(said, one, schemas, f"{where}[{number}]")
            case _ if keyword in BOUNDS:
                found += [] if BOUNDS[keyword](value, said) else [f"{where}: {keyword} is {said}"]
            case _:
                assert keyword in SAYING, f"{where}: {keyword} is not known here"
    return found


def _is(kind: str, value: Json) -> bool:
    # To Python a truth is a number; to JSON it is not.
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))

"""A decoder's complaint about one field, in words for whoever sent it. Never repeats what was sent."""

from typing import Any

import msgspec

from actors.protocol.errors import FieldError


def to_field_error(name: str, code: str, error: msgspec.ValidationError, expected: Any) -> FieldError:
    """Say what was expected; where it is one of few values, all of them."""
    told = str(error)
    if told.startswith("Invalid enum value"):
        legal = _allowed_values(msgspec.inspect.type_info(expected))
        told = f"Must be one of {', '.join(legal)}." if legal else "Is not one of the legal values."
    return FieldError(name, code, told)


def _allowed_values(expected: msgspec.inspect.Type) -> list[str]:
    match expected:
        case msgspec.inspect.LiteralType(values=values):
            return [str(value) for value in values]
        case msgspec.inspect.EnumType(cls=cls):
            return [str(member.value) for member in cls]
        case msgspec.inspect.UnionType(types=types):
            return [value for one in types for value in _allowed_values(one)]
        case msgspec.inspect.Metadata(type=inner):
            return _allowed_values(inner)
        case _:
            return []

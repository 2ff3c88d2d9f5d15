"""Converts decoder errors into field errors. Their messages do not contain the rejected value."""

from typing import Any

import msgspec

from actors.protocol.errors import FieldError


def to_field_error(name: str, code: str, error: msgspec.ValidationError, expected: Any) -> FieldError:
    """Describe what was expected. For an enumeration, list its values."""
    detail = str(error)
    if detail.startswith("Invalid enum value"):
        allowed = _allowed_values(msgspec.inspect.type_info(expected))
        detail = f"Must be one of {', '.join(allowed)}." if allowed else "Is not one of the allowed values."
    return FieldError(name, code, detail)


def _allowed_values(expected: msgspec.inspect.Type) -> list[str]:
    match expected:
        case msgspec.inspect.LiteralType(values=values):
            return [str(value) for value in values]
        case msgspec.inspect.EnumType(cls=cls):
            return [str(member.value) for member in cls]
        case msgspec.inspect.UnionType(types=types):
            return [value for member_type in types for value in _allowed_values(member_type)]
        case msgspec.inspect.Metadata(type=inner):
            return _allowed_values(inner)
        case _:
            return []

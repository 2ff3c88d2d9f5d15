"""Decodes query parameters into a struct, field by field, so that one response reports all errors.

Unknown parameters are ignored, the first of a repeated parameter counts, and lists are comma-separated.
Error messages do not contain the rejected value.
"""

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from actors.protocol.errors import ApiError, FieldError
from config.limits import PAGE_DEFAULT, PAGE_MAX
from server.http.cursor import CURSOR_CHARACTERS
from server.http.field_errors import to_field_error

Query = TypeVar("Query")

# The bound is documentation only: decode_cursor rejects a longer cursor with `cursor.invalid`.
CursorText = Annotated[
    str,
    Meta(
        description="The `next_cursor` of the previous page.",
        extra_json_schema={"maxLength": CURSOR_CHARACTERS},
    ),
]


PageLimit = Annotated[int, Meta(ge=1, le=PAGE_MAX, description="Maximum number of items to return.")]


class PageQuery(msgspec.Struct, frozen=True):
    """Parameters of every paginated list."""

    limit: PageLimit = PAGE_DEFAULT
    cursor: CursorText | None = None


class QueryDecoder(Generic[Query]):
    """Decodes the query parameters of one struct type."""

    __slots__ = ("_fields", "_type")

    def __init__(self, query: type[Query]) -> None:
        self._type: Callable[..., Query] = query
        self._fields = tuple(
            (
                field,
                is_list_type(info),
                _contains_type(info, msgspec.inspect.DateTimeType),
                _without_none(field.type),
            )
            for field in msgspec.structs.fields(query)  # type: ignore[arg-type]
            for info in [msgspec.inspect.type_info(field.type)]
        )

    def decode(self, parameters: Mapping[str, str]) -> Query:
        """Decode the parameters.

        Raises:
            ApiError: request.invalid, with the errors of all fields.
        """
        values: dict[str, Any] = {}
        errors: list[FieldError] = []
        for field, is_list, is_timestamp, value_type in self._fields:
            name = field.encode_name
            text = parameters.get(name)
            if text is None:
                if field.required:
                    errors.append(FieldError(name, "required", "This parameter is required."))
                continue
            value = [part for part in text.split(",") if part] if is_list else text
            try:
                # Strings need lax conversion to become numbers. For timestamps it would accept numbers too.
                values[field.name] = msgspec.convert(value, value_type, strict=is_timestamp)
            except msgspec.ValidationError as error:
                errors.append(to_field_error(name, "invalid", error, field.type))
        if errors:
            raise ApiError(
                "request.invalid", "Some query parameters are invalid; see `errors`.", errors=errors
            )
        return self._type(**values)


def _without_none(value_type: Any) -> Any:
    """Remove None from a union. It means an absent parameter; the text `null` must not decode to it."""
    if get_origin(value_type) not in {Union, UnionType}:
        return value_type
    members = tuple(member for member in get_args(value_type) if member is not NoneType)
    return Union[members]  # noqa: UP007 - built at run time


def is_list_type(kind: msgspec.inspect.Type) -> bool:
    """Whether a field of that type holds several values."""
    return _contains_type(kind, msgspec.inspect.CollectionType)


def _contains_type(kind: msgspec.inspect.Type, wanted: type[msgspec.inspect.Type]) -> bool:
    match kind:
        case msgspec.inspect.UnionType(types=types):
            return any(_contains_type(member, wanted) for member in types)
        case msgspec.inspect.Metadata(type=inner):
            return _contains_type(inner, wanted)
        case _:
            return isinstance(kind, wanted)

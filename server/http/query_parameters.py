"""A request's query: every field read on its own, so that all faults are told at once.

What a struct does not name is ignored, a repeated parameter counts the first time, and a list is
written with commas. Never repeats in a fault what somebody wrote.
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

# A cursor that is too long is `cursor.invalid` when it is read: the bound is only told here.
CursorText = Annotated[
    str,
    Meta(
        description="The `next_cursor` of the page before.",
        extra_json_schema={"maxLength": CURSOR_CHARACTERS},
    ),
]


PageLimit = Annotated[int, Meta(ge=1, le=PAGE_MAX, description="How many at most.")]


class PageQuery(msgspec.Struct, frozen=True):
    """What every list takes."""

    limit: PageLimit = PAGE_DEFAULT
    cursor: CursorText | None = None


class QueryDecoder(Generic[Query]):
    """Reads one type of query."""

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
        """Read it. Raises `request.invalid` with all the faults at once."""
        values: dict[str, Any] = {}
        faults: list[FieldError] = []
        for field, listed, moment, kind in self._fields:
            name = field.encode_name
            text = parameters.get(name)
            if text is None:
                if field.required:
                    faults.append(FieldError(name, "required", "Must be there."))
                continue
            value = [part for part in text.split(",") if part] if listed else text
            try:
                # All that comes is text, but a number is no moment.
                values[field.name] = msgspec.convert(value, kind, strict=moment)
            except msgspec.ValidationError as error:
                faults.append(to_field_error(name, "invalid", error, field.type))
        if faults:
            raise ApiError("request.invalid", "Some parameters are not valid.", errors=faults)
        return self._type(**values)


def _without_none(kind: Any) -> Any:
    """What a parameter that is there may be: None is for absence, the word `null` for nothing."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    return Union[tuple(one for one in get_args(kind) if one is not NoneType)]  # noqa: UP007 - made of types


def is_list_type(kind: msgspec.inspect.Type) -> bool:
    """Tell whether a field of that type holds several values."""
    return _contains_type(kind, msgspec.inspect.CollectionType)


def _contains_type(kind: msgspec.inspect.Type, wanted: type[msgspec.inspect.Type]) -> bool:
    match kind:
        case msgspec.inspect.UnionType(types=types):
            return any(_contains_type(one, wanted) for one in types)
        case msgspec.inspect.Metadata(type=inner):
            return _contains_type(inner, wanted)
        case _:
            return isinstance(kind, wanted)

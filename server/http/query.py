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
from server.http.fault import fault_of

Query = TypeVar("Query")

# A cursor that is too long is `cursor.invalid` when it is read: the bound is only told here.
CursorText = Annotated[
    str,
    Meta(
        description="The `next_cursor` of the page before.",
        extra_json_schema={"maxLength": CURSOR_CHARACTERS},
    ),
]


Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX, description="How many at most.")]


class PageQuery(msgspec.Struct, frozen=True):
    """What every list takes."""

    limit: Limit = PAGE_DEFAULT
    cursor: CursorText | None = None


class QueryReader(Generic[Query]):
    """Reads one type of query."""

    __slots__ = ("_fields", "_type")

    def __init__(self, query: type[Query]) -> None:
        self._type: Callable[..., Query] = query
        self._fields = tuple(
            (field, takes_list(info), _holds(info, msgspec.inspect.DateTimeType), _given(field.type))
            for field in msgspec.structs.fields(query)  # type: ignore[arg-type]
            for info in [msgspec.inspect.type_info(field.type)]
        )

    def read(self, sent: Mapping[str, str]) -> Query:
        """Read it. Raises `request.invalid` with all the faults at once."""
        values: dict[str, Any] = {}
        faults: list[FieldError] = []
        for field, listed, moment, kind in self._fields:
            name = field.encode_name
            text = sent.get(name)
            if text is None:
                if field.required:
                    faults.append(FieldError(name, "required", "Must be there."))
                continue
            value = [part for part in text.split(",") if part] if listed else text
            try:
                # All that comes is text, but a number is no moment.
                values[field.name] = msgspec.convert(value, kind, strict=moment)
            except msgspec.ValidationError as error:
                faults.append(fault_of(name, "invalid", error, field.type))
        if faults:
            raise ApiError("request.invalid", "Some parameters are not valid.", errors=faults)
        return self._type(**values)


def _given(kind: Any) -> Any:
    """What a parameter that is there may be: None is for absence, the word `null` for nothing."""
    if get_origin(kind) not in {Union, UnionType}:
        return kind
    return Union[tuple(one for one in get_args(kind) if one is not NoneType)]  # noqa: UP007 - made of types


def takes_list(kind: msgspec.inspect.Type) -> bool:
    """Tell whether a field of that type holds several values."""
    return _holds(kind, msgspec.inspect.CollectionType)


def _holds(kind: msgspec.inspect.Type, wanted: type[msgspec.inspect.Type]) -> bool:
    match kind:
        case msgspec.inspect.UnionType(types=types):
            return any(_holds(one, wanted) for one in types)
        case msgspec.inspect.Metadata(type=inner):
            return _holds(inner, wanted)
        case _:
            return isinstance(kind, wanted)

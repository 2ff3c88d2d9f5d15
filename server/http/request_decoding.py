"""Decoding of request bodies and query parameters into structs, reporting all field errors at once.

Error messages do not contain the rejected value.
"""

import re
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Generic,
    Protocol,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    runtime_checkable,
)

import msgspec
from aiohttp import hdrs, web
from msgspec import UNSET, Meta

from actors.protocol.errors import ApiError, FieldError, invalid_field
from config.limits import PAGE_DEFAULT, PAGE_MAX
from server.http.cursor import CURSOR_CHARACTERS

JSON_CONTENT_TYPE = "application/json"

_SPACE_BEFORE_OFFSET = re.compile(r" (?=\d{2}:?\d{2}\Z)", re.ASCII)
"""The `+` of an offset that was sent without escaping it, as in `2026-01-01T00:00:00+02:00`."""

Body = TypeVar("Body")
Query = TypeVar("Query")


def check_content_encoding(request: web.Request) -> None:
    """Reject compressed bodies: a few kilobytes inflate to many megabytes.

    Raises:
        ApiError: request.unsupported_media_type.
    """
    if hdrs.CONTENT_ENCODING not in request.headers:
        return
    encodings = ",".join(request.headers.getall(hdrs.CONTENT_ENCODING))
    if any(encoding.strip().lower() not in {"", "identity"} for encoding in encodings.split(",")):
        raise ApiError(
            "request.unsupported_media_type", "Send the body without Content-Encoding, or with identity."
        )


def check_json(request: web.Request) -> None:
    """Require `application/json`, which a page of another origin cannot send without a CORS preflight.

    Raises:
        ApiError: request.unsupported_media_type.
    """
    content_type = request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if content_type != JSON_CONTENT_TYPE:
        raise ApiError("request.unsupported_media_type", "Send the body as application/json.")


@runtime_checkable
class ValidatedBody(Protocol):
    """A body whose handler makes additional checks. `field_errors` skips fields that are `UNSET`."""

    def field_errors(self) -> list[FieldError]: ...


def check_content_length(request: web.Request, limit_bytes: int) -> None:
    """Raise `ApiError` (request.too_large) if `Content-Length` is larger than the limit."""
    if request.content_length is not None and request.content_length > limit_bytes:
        raise _too_large(limit_bytes)


async def read_body(request: web.Request, limit_bytes: int) -> bytes:
    """Read the whole body.

    Raises:
        ApiError: request.too_large, as soon as the limit is exceeded.
        ApiError: request.invalid, if the client went away or its body is malformed.
    """
    check_content_length(request, limit_bytes)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > limit_bytes:
                raise _too_large(limit_bytes)
            chunks.append(chunk)
    except (ConnectionError, web.RequestPayloadError):
        raise ApiError("request.invalid", "The body ended early, or is not valid HTTP.") from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class BodyDecoder(Generic[Body]):
    """Decodes the bodies of one struct type. Unknown fields are ignored."""

    __slots__ = ("_decoder", "_type")

    def __init__(self, body: type[Body]) -> None:
        self._type = body
        self._decoder = msgspec.json.Decoder(body)

    def decode(self, raw: bytes) -> Body:
        """Decode a body.

        Raises:
            ApiError: request.invalid, with the errors of all fields.
        """
        try:
            return self._decoder.decode(raw)
        except msgspec.ValidationError:
            raise ApiError(
                "request.invalid",
                "Some fields are invalid; see `errors`.",
                errors=self._collect_field_errors(raw),
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise invalid_field("", "The body must be JSON.", "malformed") from None

    def _collect_field_errors(self, raw: bytes) -> list[FieldError]:
        """Validate field by field: the typed decoder stops at the first error."""
        try:
            # The typed decoder may have stopped before a syntax error.
            document = msgspec.json.decode(raw)
        except (ValueError, RecursionError):
            return [FieldError("", "malformed", "The body must be JSON.")]
        if not isinstance(document, dict) or not issubclass(self._type, msgspec.Struct):
            return [FieldError("", "type", "The body must be a JSON object.")]
        errors: list[FieldError] = []
        values: dict[str, object] = {}
        for field in msgspec.structs.fields(self._type):
            name = field.encode_name
            values[field.name] = UNSET
            if name in document:
                try:
                    values[field.name] = msgspec.convert(document[name], field.type)
                except msgspec.ValidationError as error:
                    errors.append(to_field_error(name, "type", error, field.type))
            elif field.required:
                errors.append(FieldError(name, "required", "This field is required."))
        body = cast("type[object]", self._type)(**values)
        if isinstance(body, ValidatedBody):
            errors.extend(body.field_errors())
        return errors


def _too_large(limit_bytes: int) -> ApiError:
    return ApiError("request.too_large", f"The body must have at most {limit_bytes} bytes.")


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
            value: str | list[str] = text
            if is_list:
                value = [part for part in text.split(",") if part]
            elif is_timestamp:
                value = _SPACE_BEFORE_OFFSET.sub("+", text)
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

"""Reads request bodies within a size limit and decodes them into structs, reporting all field errors at once.

Error messages do not contain the rejected value.
"""

from typing import Generic, Protocol, TypeVar, cast, runtime_checkable

import msgspec
from aiohttp import web
from msgspec import UNSET

from actors.protocol.errors import ApiError, FieldError, invalid_field
from server.http.field_errors import to_field_error

Body = TypeVar("Body")


@runtime_checkable
class ValidatedBody(Protocol):
    """A body with checks of its own. `field_errors` skips fields that are `UNSET`."""

    def field_errors(self) -> list[FieldError]: ...


async def read_body(request: web.Request, limit_bytes: int) -> bytes:
    """Read the whole body.

    Raises:
        ApiError: request.too_large, as soon as the limit is exceeded.
    """
    if request.content_length is not None and request.content_length > limit_bytes:
        raise _too_large(limit_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        chunks.append(chunk)
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

"""A request's body: read within its bound, decoded into its struct, with all its faults when it has any.

The content type is not looked at: what decodes as JSON is JSON. Never repeats in a fault what somebody
wrote.
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
    """A body that knows its own faults; fields that are `UNSET` are not its business."""

    def field_errors(self) -> list[FieldError]: ...


async def read_body(request: web.Request, limit_bytes: int) -> bytes:
    """Read the whole body. Raises `request.too_large` as soon as that is known."""
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
    """Decodes one type of body. Unknown fields are ignored."""

    __slots__ = ("_decoder", "_type")

    def __init__(self, body: type[Body]) -> None:
        self._type = body
        self._decoder = msgspec.json.Decoder(body)

    def decode(self, raw: bytes) -> Body:
        """Decode. Raises `request.invalid` with all the faults at once."""
        try:
            return self._decoder.decode(raw)
        except msgspec.ValidationError:
            raise ApiError(
                "request.invalid", "Some fields are not valid.", errors=self._collect_field_errors(raw)
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise invalid_field("", "The body is not JSON.", "malformed") from None

    def _collect_field_errors(self, raw: bytes) -> list[FieldError]:
        """Judge field by field: the decoder stops at the first fault, the caller should not have to."""
        try:
            # A whole decode, for what the typed one had not come to when it stopped.
            sent = msgspec.json.decode(raw)
        except (ValueError, RecursionError):
            return [FieldError("", "malformed", "The body is not JSON.")]
        if not isinstance(sent, dict) or not issubclass(self._type, msgspec.Struct):
            return [FieldError("", "type", "The body must be a JSON object.")]
        faults: list[FieldError] = []
        values: dict[str, object] = {}
        for field in msgspec.structs.fields(self._type):
            name = field.encode_name
            values[field.name] = UNSET
            if name in sent:
                try:
                    values[field.name] = msgspec.convert(sent[name], field.type)
                except msgspec.ValidationError as error:
                    faults.append(to_field_error(name, "type", error, field.type))
            elif field.required:
                faults.append(FieldError(name, "required", "Must be there."))
        body = cast("type[object]", self._type)(**values)
        if isinstance(body, ValidatedBody):
            faults.extend(body.field_errors())
        return faults


def _too_large(limit_bytes: int) -> ApiError:
    return ApiError("request.too_large", f"A body may have at most {limit_bytes} bytes.")

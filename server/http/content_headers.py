"""Checks of the headers that describe a request body, before a byte of it is read."""

from aiohttp import hdrs, web

from actors.protocol.errors import ApiError

JSON_CONTENT_TYPE = "application/json"


def check_content_encoding(request: web.Request) -> None:
    """Reject compressed bodies: a few kilobytes inflate to many megabytes.

    Raises:
        ApiError: request.unsupported_media_type.
    """
    encodings = ",".join(request.headers.getall(hdrs.CONTENT_ENCODING, ()))
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

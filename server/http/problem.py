"""Problem responses (`application/problem+json`, RFC 9457), and the conversion of exceptions into them.

Every error response has a documented code and the request id. Internals do not leak: an unexpected
exception is logged, and the client gets `server.error`.
"""

import math
import os
import re
from typing import Final

import msgspec
import structlog
from aiohttp import web
from multidict import istr

from actors.protocol.errors import ApiError, FieldError
from storage.errors import USERS_DELETED, Conflict, QueryTimeout, StorageError, Unavailable

REQUEST_ID: Final = web.RequestKey("request_id", str)
ERROR_CODE: Final = web.RequestKey("error_code", str)
"""The code of the problem that a request was answered with."""

REQUEST_ID_HEADER: Final = istr("X-Request-Id")
SERVER_HEADER_VALUE: Final = "convene"
_REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def get_request_id(request: web.BaseRequest) -> str:
    """Return the id that the client sent, if it is well-formed; otherwise a new one."""
    client_id = request.headers.get(REQUEST_ID_HEADER)
    if client_id is not None and _REQUEST_ID_PATTERN.fullmatch(client_id):
        return client_id
    return os.urandom(16).hex()


log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
UNAVAILABLE_RETRY_MS = 1000
INVALID_INPUT_STATUS: Final = 422
_encoder = msgspec.json.Encoder()


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retry_after_ms: int | None = None
    errors: tuple[FieldError, ...] = ()


def problem_response(error: ApiError, request_id: str, status: int | None = None) -> web.Response:
    """Build the response for an error, with its status or another one.

    A response with status 422 names at least one field; the empty name is the request as a whole.
    """
    status = error.status if status is None else status
    errors = error.errors
    if status == INVALID_INPUT_STATUS and not errors:
        errors = (FieldError("", "invalid", error.detail),)
    problem = Problem(
        # An identifier, not a link: it repeats the code.
        type="urn:convene:problem:" + error.code,
        title=error.title,
        status=status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
        retry_after_ms=error.retry_after_ms,
        errors=errors,
    )
    response = web.Response(body=_encoder.encode(problem), status=status, content_type=PROBLEM_TYPE)
    response.headers.update(retry_after_header(error))
    if status == web.HTTPUnauthorized.status_code:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def retry_after_header(error: ApiError) -> dict[str, str]:
    """Return `Retry-After` in whole seconds; nothing if the error has no `retry_after_ms`."""
    if error.retry_after_ms is None:
        return {}
    return {"Retry-After": str(max(1, math.ceil(error.retry_after_ms / 1000)))}


def to_api_error(error: Exception, request_id: str, route: str) -> ApiError:
    """Convert an exception into the error to respond with. Logs timeouts and unexpected exceptions."""
    match error:
        case ApiError():
            return error
        case QueryTimeout():
            log.warning("query timed out", request_id=request_id, route=route)
            return ApiError(
                "server.overloaded",
                "The query took too long and was stopped. Ask for less, or retry it later.",
                retry_after_ms=UNAVAILABLE_RETRY_MS,
            )
        case Unavailable() | TimeoutError():
            if isinstance(error, TimeoutError):
                log.warning("request timed out", request_id=request_id, route=route, exc_info=error)
            # `Unavailable` is not logged: an outage has its own lines, from `storage.outages`.
            return ApiError(
                "server.unavailable",
                "A data store did not respond. The request may or may not have taken effect; retry it.",
                retry_after_ms=UNAVAILABLE_RETRY_MS,
            )
        case Conflict(constraint=constraint) if constraint == USERS_DELETED:
            # The account was deleted while the request was running.
            return authentication_required()
        case web.HTTPRequestEntityTooLarge():
            return ApiError("request.too_large", "The request body is too large.")
        case web.HTTPMethodNotAllowed():
            return ApiError(
                "method.not_allowed", "The path exists, but not with this method; see the `Allow` header."
            )
        case web.HTTPNotFound():
            return ApiError("route.not_found", "No route has this path; see `/openapi.json`.")
        case web.HTTPForbidden():
            return ApiError("permission.denied", "You do not have permission to do this.")
        case web.HTTPUnauthorized():
            return authentication_required()
        case web.HTTPClientError():
            return ApiError("request.invalid", "The request is not valid HTTP for this route.")
        case StorageError() | Exception():
            log.error("request failed", request_id=request_id, route=route, exc_info=error)
            return ApiError(
                "server.error", "The server failed to handle the request. Report the `request_id`."
            )


def authentication_required() -> ApiError:
    return ApiError("auth.required", "Send an access token: `Authorization: Bearer <token>`.")

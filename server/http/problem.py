"""A refusal as `application/problem+json` (RFC 9457), and every failure turned into one.

Whatever goes wrong, the caller gets a code of the contract and a request id. Never tells what is
inside: an unknown failure goes to the log, without its words.
"""

import math

import msgspec
import structlog
from aiohttp import web

from actors.protocol.errors import ApiError, FieldError
from storage.errors import StorageError, Unavailable

log = structlog.get_logger(__name__)

PROBLEM_TYPE = "application/problem+json"
UNAVAILABLE_RETRY_MS = 1000
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


def problem_response(error: ApiError, request_id: str) -> web.Response:
    problem = Problem(
        # A URI that says what the code says; there is no page behind it.
        type="urn:convene:problem:" + error.code,
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
        retry_after_ms=error.retry_after_ms,
        errors=error.errors,
    )
    response = web.Response(body=_encoder.encode(problem), status=error.status, content_type=PROBLEM_TYPE)
    if error.retry_after_ms is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_ms / 1000)))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def to_api_error(error: Exception, request_id: str, route: str) -> ApiError:
    """Say what the caller is told of an exception; one that nobody foresaw is logged."""
    match error:
        case ApiError():
            return error
        case Unavailable() | TimeoutError():
            log.warning("store unavailable", request_id=request_id, route=route, exc_info=error)
            return ApiError(
                "server.unavailable",
                "A store did not answer; what was asked may or may not have happened.",
                retry_after_ms=UNAVAILABLE_RETRY_MS,
            )
        case web.HTTPRequestEntityTooLarge():
            return ApiError("request.too_large", "The body is too large.")
        case web.HTTPMethodNotAllowed():
            return ApiError("method.not_allowed", "The route does not take this method.")
        case web.HTTPNotFound():
            return ApiError("route.not_found", "No such route.")
        case web.HTTPForbidden():
            return ApiError("permission.denied", "This is not allowed.")
        case web.HTTPUnauthorized():
            return ApiError("auth.required", "This needs a token.")
        case web.HTTPClientError():
            return ApiError("request.invalid", "The request cannot be read.")
        case StorageError() | Exception():
            log.error("request failed", request_id=request_id, route=route, exc_info=error)
            return ApiError("server.error", "Something went wrong here.")

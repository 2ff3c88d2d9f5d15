"""What a route may refuse with: the codes that it names, and those that follow from what it takes.

Never holds a code of one route alone: those stand at the route.
"""

from collections.abc import Iterable
from typing import Final

from actors.protocol.errors import ERROR_SPECS
from server.api_docs.openapi_document import MediaType, Reference, Response, Schema
from server.http.problem import PROBLEM_TYPE
from server.http.route import Route

COMMON_CODES: Final = ("server.overloaded", "server.unavailable")
SHARED_RESPONSES: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    401: ("Unauthorized", ("auth.required", "auth.expired")),
    408: ("TooSlow", ("request.timeout",)),
    413: ("TooLarge", ("request.too_large",)),
    422: ("Invalid", ("request.invalid",)),
    429: ("TooManyRequests", ("rate.limited",)),
    503: ("Unavailable", COMMON_CODES),
}
"""Responses that most routes share: by status, the name in the components and the codes."""


def route_error_codes(route: Route) -> tuple[str, ...]:
    """All codes with which a route may refuse, each once."""
    codes: list[str] = []
    if route.requires_auth:
        codes += SHARED_RESPONSES[401][1]
    if route.body is not None:
        codes += ("request.too_large", "request.timeout")
    if route.body is not None or route.query is not None or route.idempotent:
        codes.append("request.invalid")
    if route.query is not None and "cursor" in route.query.__struct_fields__:
        codes.append("cursor.invalid")
    if route.idempotent:
        codes.append("idempotency.conflict")
    if route.rate_class is not None:
        codes.append("rate.limited")
    codes += route.errors
    unknown = [code for code in codes if code not in ERROR_SPECS]
    if unknown:
        raise ValueError(f"{route.method} {route.path} refuses with unknown codes: {', '.join(unknown)}.")
    return tuple(dict.fromkeys((*codes, *COMMON_CODES)))


def route_error_responses(route: Route, problem: Schema) -> dict[str, Response | Reference]:
    """Describe them by status; what is said of most routes is said once, in the components."""
    by_status: dict[int, list[str]] = {}
    for code in route_error_codes(route):
        by_status.setdefault(ERROR_SPECS[code].status, []).append(code)
    described: dict[str, Response | Reference] = {}
    for status, codes in sorted(by_status.items()):
        name, shared = SHARED_RESPONSES.get(status, ("", ()))
        if set(codes) == set(shared):
            described[str(status)] = Reference(f"#/components/responses/{name}")
        else:
            described[str(status)] = _error_response(status, codes, problem)
    described["default"] = Reference("#/components/responses/Failure")
    return described


def shared_error_responses(problem: Schema) -> dict[str, Response]:
    shared = {
        name: _error_response(status, codes, problem) for status, (name, codes) in SHARED_RESPONSES.items()
    }
    failure = Response(
        description="Whatever else fails.",
        headers={"X-Request-Id": Reference("#/components/headers/RequestId")},
        content={PROBLEM_TYPE: MediaType(problem)},
    )
    return {**shared, "Failure": failure}


def _error_response(status: int, codes: Iterable[str], problem: Schema) -> Response:
    told = " ".join(f"`{code}`: {ERROR_SPECS[code].title}." for code in codes)
    narrowed = {"allOf": [problem, {"properties": {"code": {"enum": list(codes)}}}]}
    headers = {"X-Request-Id": Reference("#/components/headers/RequestId")}
    if status in {429, 503}:
        headers["Retry-After"] = Reference("#/components/headers/RetryAfter")
    return Response(description=told, headers=headers, content={PROBLEM_TYPE: MediaType(narrowed)})

"""Operations of the OpenAPI document, one for each route.

Summary and description are the handler's docstring; parameters, bodies and responses follow from the types
of the route, error responses from its error codes.
"""

import inspect
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from actors.protocol.errors import ERROR_SPECS
from server.api_docs.openapi_document import (
    MediaType,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Response,
    Schema,
)
from server.api_docs.schemas import Schemas, split_summary
from server.http.problem import PROBLEM_TYPE, Problem
from server.http.response import JSON_TYPE, TextResponse, is_page
from server.http.route import Route

_PARAMETER = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
_VERSION = re.compile(r"^/v\d+/")
NOT_MODIFIED_STATUS: Final = "304"
COMMON_CODES: Final = ("server.overloaded", "server.unavailable")
SHARED_RESPONSES: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    401: ("Unauthorized", ("auth.required", "auth.expired")),
    408: ("TooSlow", ("request.timeout",)),
    413: ("TooLarge", ("request.too_large",)),
    415: ("UnsupportedMediaType", ("request.unsupported_media_type",)),
    422: ("Invalid", ("request.invalid",)),
    429: ("TooManyRequests", ("rate.limited",)),
    503: ("Unavailable", COMMON_CODES),
}
"""Error responses that most routes share: component name and error codes, by status."""


def path_template(route: Route) -> str:
    """Return the path as OpenAPI writes it: without the router's patterns."""
    return _PARAMETER.sub(r"{\1}", route.path)


def route_tag(route: Route) -> str:
    """Return the tag of a route: the first path segment after the version."""
    return _VERSION.sub("", route.path).strip("/").partition("/")[0]


def operation_id_from_handler(route: Route) -> str:
    """Return the operation id that the handler suggests: `PostRoutes.like` becomes `post_like`."""
    owner, _, name = route.handler.__qualname__.rpartition(".")
    noun = owner.rpartition(".")[2].removesuffix("Routes").lower()
    return f"{noun}_{name}" if noun.isidentifier() else name


def operation_id_from_path(route: Route) -> str:
    """Return the operation id that method and path suggest, for handlers with several routes."""
    segments = re.findall(r"\w+", _VERSION.sub("", path_template(route)))
    return "_".join((route.method.lower(), *segments))


def route_operation(route: Route, schemas: Schemas, operation_id: str) -> Operation:
    docstring = inspect.getdoc(route.handler) or route.handler.__name__.replace("_", " ").capitalize()
    summary, description = split_summary(docstring)
    return Operation(
        tags=(route_tag(route),),
        operation_id=operation_id,
        summary=summary,
        description=description,
        parameters=_parameters(route, schemas),
        request_body=_request_body(route, schemas),
        responses={
            **_success_responses(route, schemas),
            **_error_responses(route, schemas.reference(Problem)),
        },
        security=None if route.requires_auth else (),
    )


def route_error_codes(route: Route) -> tuple[str, ...]:
    """Return every error code of a route: the declared ones and those that its types imply.

    Raises:
        ValueError: a declared code is not in `ERROR_SPECS`.
    """
    codes: list[str] = []
    if route.requires_auth:
        codes += SHARED_RESPONSES[401][1]
    if route.role is not None:
        codes.append("permission.denied")
    if route.refuses_silenced:
        codes.append("user.silenced")
    if route.body is not None:
        codes += ("request.too_large", "request.timeout", "request.unsupported_media_type")
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
        raise ValueError(f"{route.method} {route.path} declares unknown error codes: {', '.join(unknown)}.")
    return tuple(dict.fromkeys((*codes, *COMMON_CODES)))


def shared_error_responses(problem: Schema) -> dict[str, Response]:
    """Return the error responses of the components, by name."""
    shared = {
        name: _error_response(status, codes, problem) for status, (name, codes) in SHARED_RESPONSES.items()
    }
    failure = Response(
        description="Any other error.",
        headers={"X-Request-Id": Reference("#/components/headers/RequestId")},
        content={PROBLEM_TYPE: MediaType(problem)},
    )
    return {**shared, "Failure": failure}


def _parameters(route: Route, schemas: Schemas) -> tuple[Parameter | Reference, ...]:
    parameters: list[Parameter | Reference] = [
        Parameter(name=name, location="path", required=True, schema={"type": "string"})
        for name in _PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        parameters += schemas.parameters(route.query)
    if route.idempotent:
        parameters.append(Reference("#/components/parameters/IdempotencyKey"))
    if _has_etag(route):
        parameters.append(Reference("#/components/parameters/IfNoneMatch"))
    return tuple(parameters)


def _request_body(route: Route, schemas: Schemas) -> RequestBody | None:
    if route.body is None:
        return None
    return RequestBody(
        description=f"At most {route.body_bytes_max // 1024} KiB.",
        content={JSON_TYPE: MediaType(schemas.reference(route.body))},
        required=not route.body_optional,
    )


def _success_responses(route: Route, schemas: Schemas) -> dict[str, Response | Reference]:
    content = {}
    if route.response is TextResponse:
        content = {route.media_type: MediaType({"type": "string"})}
    elif route.response is not None:
        content = {route.media_type: MediaType(schemas.reference(route.response))}
    headers = {"X-Request-Id": Reference("#/components/headers/RequestId")}
    if route.rate_class is not None:
        for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"):
            headers[name] = Reference(f"#/components/headers/{name.replace('-', '')}")
    if is_page(route.response):
        headers["Link"] = Reference("#/components/headers/Link")
    if _has_etag(route):
        headers["ETag"] = Reference("#/components/headers/ETag")
    # A response without a body is 204 whatever the route declares, except 202.
    statuses = (
        {route.status, *route.other_statuses} if content else {route.status if route.status == 202 else 204}
    )
    responses: dict[str, Response | Reference] = {
        str(status): Response(
            description=f"{HTTPStatus(status).phrase}.",
            headers=headers,
            content={} if status == 204 else content,
        )
        for status in sorted(statuses)
    }
    responses |= {
        str(status): Response(description=f"{HTTPStatus(status).phrase}.", headers=headers)
        for status in route.empty_statuses
    }
    if _has_etag(route):
        responses[NOT_MODIFIED_STATUS] = Reference("#/components/responses/NotModified")
    return responses


def _has_etag(route: Route) -> bool:
    return route.method == "GET" and route.status == HTTPStatus.OK and route.response is not None


def _error_responses(route: Route, problem: Schema) -> dict[str, Response | Reference]:
    """Return the error responses of a route, by status."""
    by_status: dict[int, list[str]] = {}
    for code in route_error_codes(route):
        by_status.setdefault(ERROR_SPECS[code].status, []).append(code)
    responses: dict[str, Response | Reference] = {}
    for status, codes in sorted(by_status.items()):
        name, shared_codes = SHARED_RESPONSES.get(status, ("", ()))
        if set(codes) == set(shared_codes):
            responses[str(status)] = Reference(f"#/components/responses/{name}")
        else:
            responses[str(status)] = _error_response(status, codes, problem)
    responses["default"] = Reference("#/components/responses/Failure")
    return responses


def _error_response(status: int, codes: Iterable[str], problem: Schema) -> Response:
    description = " ".join(f"`{code}`: {ERROR_SPECS[code].title}." for code in codes)
    schema = {"allOf": [problem, {"properties": {"code": {"enum": list(codes)}}}]}
    headers = {"X-Request-Id": Reference("#/components/headers/RequestId")}
    if status in {429, 503}:
        headers["Retry-After"] = Reference("#/components/headers/RetryAfter")
    return Response(description=description, headers=headers, content={PROBLEM_TYPE: MediaType(schema)})

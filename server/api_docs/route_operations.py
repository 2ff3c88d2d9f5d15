"""One route as an operation of the contract: its words from the handler's docstring, the rest from its types.

Never calls a handler.
"""

import inspect
import re
from http import HTTPStatus
from typing import Final, get_origin

from server.api_docs.docstrings import split_summary
from server.api_docs.error_responses import route_error_responses
from server.api_docs.openapi_document import MediaType, Operation, Parameter, Reference, RequestBody, Response
from server.api_docs.schemas import Schemas
from server.http.problem import Problem
from server.http.response import JSON_TYPE
from server.http.route import Route
from server.http.typed_request import Page, TextResponse

_PARAMETER = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
_VERSION = re.compile(r"^/v\d+/")
NOT_MODIFIED_STATUS: Final = "304"


def path_template(route: Route) -> str:
    """A path as the contract writes it, without the patterns that the router knows."""
    return _PARAMETER.sub(r"{\1}", route.path)


def route_tag(route: Route) -> str:
    """The first noun of the path."""
    return _VERSION.sub("", route.path).strip("/").partition("/")[0]


def route_operation(route: Route, schemas: Schemas, operation_id: str) -> Operation:
    summary, description = _summary_and_description(route)
    return Operation(
        tags=(route_tag(route),),
        operation_id=operation_id,
        summary=summary,
        description=description,
        parameters=_parameters(route, schemas),
        request_body=_request_body(route, schemas),
        responses={
            **_success_responses(route, schemas),
            **route_error_responses(route, schemas.reference(Problem)),
        },
        security=None if route.requires_auth else (),
    )


def operation_id_from_handler(route: Route) -> str:
    """Name an operation after its handler: `PostRoutes.like` is `post_like`."""
    owner, _, name = route.handler.__qualname__.rpartition(".")
    noun = owner.rpartition(".")[2].removesuffix("Routes").lower()
    return f"{noun}_{name}" if noun.isidentifier() else name


def operation_id_from_path(route: Route) -> str:
    """Name an operation after its method and path."""
    words = re.findall(r"\w+", _VERSION.sub("", path_template(route)))
    return "_".join((route.method.lower(), *words))


def _summary_and_description(route: Route) -> tuple[str, str]:
    """The first sentence of the handler's docstring, and the rest."""
    return split_summary(
        inspect.getdoc(route.handler) or route.handler.__name__.replace("_", " ").capitalize()
    )


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
    if get_origin(route.response) is Page:
        headers["Link"] = Reference("#/components/headers/Link")
    if _has_etag(route):
        headers["ETag"] = Reference("#/components/headers/ETag")
    # Without a body an answer is 204, whatever the route says, but for what was only accepted.
    statuses = (
        {route.status, *route.other_statuses} if content else {route.status if route.status == 202 else 204}
    )
    successes: dict[str, Response | Reference] = {
        str(status): Response(
            description=f"{HTTPStatus(status).phrase}.",
            headers=headers,
            content={} if status == 204 else content,
        )
        for status in sorted(statuses)
    }
    if _has_etag(route):
        successes[NOT_MODIFIED_STATUS] = Reference("#/components/responses/NotModified")
    return successes


def _has_etag(route: Route) -> bool:
    """Tell whether answers have an entity tag."""
    return route.method == "GET" and route.status == HTTPStatus.OK and route.response is not None

"""The HTTP part of the contract as an OpenAPI document, made once from the routes that are served.

Never says anything that a route, its handler or its structs do not say.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from config.limits import IDEMPOTENCY_KEY_CHARACTERS
from server.api_docs.error_responses import shared_error_responses
from server.api_docs.openapi_document import (
    Components,
    Header,
    Info,
    OpenApi,
    Operation,
    Parameter,
    Reference,
    Response,
    Tag,
)
from server.api_docs.route_operations import (
    operation_id_from_handler,
    operation_id_from_path,
    path_template,
    route_operation,
    route_tag,
)
from server.api_docs.schemas import Schemas
from server.api_docs.untyped_endpoints import UNTYPED_OPERATIONS, UNTYPED_TAGS
from server.http.idempotency import IDEMPOTENCY_KEY_HEADER
from server.http.problem import Problem
from server.http.route import Route
from server.http.typed_request import TextResponse

OPENAPI_VERSION: Final = "3.1.0"
INFO_DESCRIPTION: Final = """\
A realtime social server: people, posts, events and conversations, live over websockets.

Everything is JSON in UTF-8. Ids are opaque strings. Times are RFC 3339 in UTC with milliseconds. Unknown \
fields are ignored on input, and clients are asked to do the same.

A token goes into `Authorization: Bearer <token>`; registering and logging in answer one. Refusals are \
`application/problem+json` (RFC 9457) with a `code` to act on, a `request_id` to ask about, \
`retry_after_ms` where retrying helps, and one of `errors` for each field that is not valid.

Lists take `limit` and an opaque `cursor`, and answer `next_cursor` with a `Link` to the next page. What a \
GET answers has an `ETag`. Where an operation takes an `Idempotency-Key`, the same request with the same \
key happens once and answers the first result again for at least a day. What a caller may not see is \
not found."""

PARAMETERS: Final = {
    "IdempotencyKey": Parameter(
        name=IDEMPOTENCY_KEY_HEADER,
        location="header",
        schema={"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARACTERS},
        description="Makes it happen once. It belongs to user, method and path.",
    ),
    "IfNoneMatch": Parameter(
        name="If-None-Match",
        location="header",
        schema={"type": "string"},
        description="The `ETag` of the answer that one has.",
    ),
}
_STRING_SCHEMA: Final = {"type": "string"}
_COUNT_SCHEMA: Final = {"type": "integer", "minimum": 0}
HEADERS: Final = {
    "RequestId": Header(
        "Names the request: the caller's own `X-Request-Id`, or one made for it.", _STRING_SCHEMA
    ),
    "ETag": Header("Names this very answer, for `If-None-Match`.", _STRING_SCHEMA),
    "Link": Header('The next page, with `rel="next"`; absent on the last one.', _STRING_SCHEMA),
    "RetryAfter": Header("Seconds after which to ask again.", _COUNT_SCHEMA),
    "RateLimitLimit": Header("How many requests may come at once after a silence.", _COUNT_SCHEMA),
    "RateLimitRemaining": Header("How many of them are left.", _COUNT_SCHEMA),
    "RateLimitReset": Header("Seconds until all of them are there again.", _COUNT_SCHEMA),
}
NOT_MODIFIED: Final = Response(
    description="The caller has this answer already.",
    headers={"ETag": Reference("#/components/headers/ETag")},
)


def openapi_document(routes: Sequence[Route], version: str) -> OpenApi:
    """Describe the routes, and what is served beside them."""
    types = [
        kind for route in routes for kind in (route.body, route.response) if kind not in {None, TextResponse}
    ]
    schemas = Schemas([Problem, *types], [route.query for route in routes if route.query is not None])
    paths: dict[str, dict[str, Operation]] = {}
    ids: set[str] = set()
    for route in routes:
        named = operation_id_from_handler(route)
        operation_id = operation_id_from_path(route) if named in ids else named
        ids.add(operation_id)
        operations = paths.setdefault(path_template(route), {})
        operations[route.method.lower()] = route_operation(route, schemas, operation_id)
    for path, operation in UNTYPED_OPERATIONS.items():
        paths.setdefault(path, {})["get"] = operation
    problem = schemas.reference(Problem)
    return OpenApi(
        openapi=OPENAPI_VERSION,
        info=Info("Convene", version, INFO_DESCRIPTION),
        tags=(*_tags(routes), *UNTYPED_TAGS),
        security=({"bearer": []},),
        paths=paths,
        components=Components(
            schemas=dict(sorted(schemas.by_name.items())),
            parameters=PARAMETERS,
            headers=HEADERS,
            responses={**shared_error_responses(problem), "NotModified": NOT_MODIFIED},
            security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
        ),
    )


def _tags(routes: Iterable[Route]) -> tuple[Tag, ...]:
    """One tag for each first noun, told by the first line of the file that first serves it."""
    told: dict[str, str] = {}
    for route in routes:
        words = (sys.modules[route.handler.__module__].__doc__ or "").partition("\n")[0]
        told.setdefault(route_tag(route), words)
    return tuple(Tag(name, description) for name, description in told.items())

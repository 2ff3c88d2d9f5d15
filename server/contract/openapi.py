"""The HTTP part of the contract as an OpenAPI document, made once from the routes that are served.

Never says anything that a route, its handler or its structs do not say.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from config.limits import IDEMPOTENCY_KEY_CHARACTERS
from server.contract.document import (
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
from server.contract.operations import handler_id, operation_of, path_id, path_of, tag_of
from server.contract.plain import PLAIN, PLAIN_TAGS
from server.contract.refusals import shared_refusals
from server.contract.schemas import Schemas
from server.http.call import Text
from server.http.idempotency import IDEMPOTENCY_KEY
from server.http.problem import Problem
from server.http.route import Route

VERSION: Final = "3.1.0"
ABOUT: Final = """A realtime social server: people, posts, events and conversations, live over websockets.

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
        name=IDEMPOTENCY_KEY,
        place="header",
        schema={"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARACTERS},
        description="Makes it happen once. It belongs to user, method and path.",
    ),
    "IfNoneMatch": Parameter(
        name="If-None-Match",
        place="header",
        schema={"type": "string"},
        description="The `ETag` of the answer that one has.",
    ),
}
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
HEADERS: Final = {
    "RequestId": Header("Names the request: the caller's own `X-Request-Id`, or one made for it.", _TEXT),
    "ETag": Header("Names this very answer, for `If-None-Match`.", _TEXT),
    "Link": Header('The next page, with `rel="next"`; absent on the last one.', _TEXT),
    "RetryAfter": Header("Seconds after which to ask again.", _COUNT),
    "RateLimitLimit": Header("How many requests may come at once after a silence.", _COUNT),
    "RateLimitRemaining": Header("How many of them are left.", _COUNT),
    "RateLimitReset": Header("Seconds until all of them are there again.", _COUNT),
}
NOT_MODIFIED: Final = Response(
    description="The caller has this answer already.",
    headers={"ETag": Reference("#/components/headers/ETag")},
)


def openapi_document(routes: Sequence[Route], version: str) -> OpenApi:
    """Describe the routes, and what is served beside them."""
    types = [kind for route in routes for kind in (route.body, route.answer) if kind not in {None, Text}]
    schemas = Schemas([Problem, *types], [route.query for route in routes if route.query is not None])
    paths: dict[str, dict[str, Operation]] = {}
    ids: set[str] = set()
    for route in routes:
        named = handler_id(route)
        operation_id = path_id(route) if named in ids else named
        ids.add(operation_id)
        operations = paths.setdefault(path_of(route), {})
        operations[route.method.lower()] = operation_of(route, schemas, operation_id)
    for path, operation in PLAIN.items():
        paths.setdefault(path, {})["get"] = operation
    problem = schemas.of(Problem)
    return OpenApi(
        openapi=VERSION,
        info=Info("Convene", version, ABOUT),
        tags=(*_tags(routes), *PLAIN_TAGS),
        security=({"bearer": []},),
        paths=paths,
        components=Components(
            schemas=dict(sorted(schemas.named.items())),
            parameters=PARAMETERS,
            headers=HEADERS,
            responses={**shared_refusals(problem), "NotModified": NOT_MODIFIED},
            security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
        ),
    )


def _tags(routes: Iterable[Route]) -> tuple[Tag, ...]:
    """One tag for each first noun, told by the first line of the file that first serves it."""
    told: dict[str, str] = {}
    for route in routes:
        words = (sys.modules[route.handler.__module__].__doc__ or "").partition("\n")[0]
        told.setdefault(tag_of(route), words)
    return tuple(Tag(name, description) for name, description in told.items())

"""The OpenAPI document: built from the routes that the server serves, their handlers and their structs."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from config.limits import IDEMPOTENCY_KEY_CHARACTERS
from server.api_docs.openapi_document import (
    Components,
    Header,
    Info,
    OpenApi,
    Operation,
    Parameter,
    Reference,
    Response,
    Server,
    Tag,
)
from server.api_docs.route_operations import (
    operation_id_from_handler,
    operation_id_from_path,
    path_template,
    route_operation,
    route_tag,
    shared_error_responses,
)
from server.api_docs.schemas import Schemas
from server.api_docs.untyped_endpoints import UNTYPED_OPERATIONS, UNTYPED_TAGS
from server.http.idempotency import IDEMPOTENCY_KEY_HEADER
from server.http.problem import Problem
from server.http.response import TextResponse
from server.http.route import Route

OPENAPI_VERSION: Final = "3.1.0"
INFO_DESCRIPTION: Final = """\
A realtime social server: people, posts, events and conversations, live over WebSockets.

Requests and responses are JSON in UTF-8. Ids are opaque strings. Times are RFC 3339 in UTC with \
milliseconds. The server ignores unknown fields; clients must do the same.

Send the token as `Authorization: Bearer <token>`; registration and login return one. Errors are \
`application/problem+json` (RFC 9457) with a `code` for programs, a `request_id` for support, \
`retry_after_ms` if a retry may succeed, and one entry in `errors` for each invalid field.

Lists take `limit` and an opaque `cursor`, and return `next_cursor` and a `Link` to the next page. \
Responses to GET have an `ETag`. If an operation takes an `Idempotency-Key`, the same request with the same \
key runs once and returns the first result for at least a day. An object that the caller may not see is \
reported as not found.

The [WebSocket and the Server-Sent Events](/docs/socket) are described in `/asyncapi.json`."""

TAG_DESCRIPTIONS: Final = {
    "admin": "Moderation, for users with a role.",
    "appeals": "Appeal against actions of moderators.",
    "account-appeals": "Appeal against the suspension of an account.",
    "users": "Accounts, profiles, follows, blocks and mutes.",
    "conversations": "Direct and group conversations, their members and messages.",
    "events": "Events, RSVPs and invitations.",
    "calendars": "The events that a user goes to, for calendar applications.",
    "notifications": "The caller's notifications.",
    "posts": "Posts, likes and comments.",
    "comments": "Comments on posts.",
    "feed": "The home feed.",
    "bookmarks": "Posts that the caller has bookmarked.",
    "follow-requests": "Requests to follow the caller, whose account is private.",
    "tags": "Tags, their posts, and following them.",
    "timeline": "The public timeline.",
    "presence": "Who is online.",
    "relationships": "What relates the caller to other users.",
    "suggestions": "Users that the caller may want to follow.",
    "email-changes": "Undo a change of the e-mail address.",
    "password-resets": "Reset a forgotten password by e-mail.",
    "email-verifications": "Verify an e-mail address.",
    "mail-unsubscriptions": "End e-mails about notifications.",
    "reports": "Report content or users to the moderators.",
    "sessions": "Log in, log out, and manage sessions.",
}
PARAMETERS: Final = {
    "IdempotencyKey": Parameter(
        name=IDEMPOTENCY_KEY_HEADER,
        location="header",
        schema={"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARACTERS},
        description="Makes the request idempotent. Keys are scoped to the user, the method and the path.",
    ),
    "IfNoneMatch": Parameter(
        name="If-None-Match",
        location="header",
        schema={"type": "string"},
        description="The `ETag` of the response that the caller has.",
    ),
}
_STRING_SCHEMA: Final = {"type": "string"}
_COUNT_SCHEMA: Final = {"type": "integer", "minimum": 0}
HEADERS: Final = {
    "RequestId": Header(
        "The id of the request: the caller's `X-Request-Id`, or a generated one.", _STRING_SCHEMA
    ),
    "ETag": Header("Identifies this response, for `If-None-Match`.", _STRING_SCHEMA),
    "Link": Header('The next page, with `rel="next"`; absent on the last page.', _STRING_SCHEMA),
    "RetryAfter": Header("Seconds to wait before the next attempt.", _COUNT_SCHEMA),
    "RateLimitLimit": Header("The largest burst of requests.", _COUNT_SCHEMA),
    "RateLimitRemaining": Header("The remaining requests of the burst.", _COUNT_SCHEMA),
    "RateLimitReset": Header("Seconds until the full burst is available again.", _COUNT_SCHEMA),
}
NOT_MODIFIED: Final = Response(
    description="The caller's copy is current.",
    headers={"ETag": Reference("#/components/headers/ETag")},
)


def openapi_document(routes: Sequence[Route], version: str, base_url: str) -> OpenApi:
    """Describe the routes and the untyped endpoints of a server with this address.

    Raises:
        ValueError: a route declares an unknown error code.
    """
    types = [
        kind for route in routes for kind in (route.body, route.response) if kind not in {None, TextResponse}
    ]
    schemas = Schemas([Problem, *types], [route.query for route in routes if route.query is not None])
    problem = schemas.reference(Problem)
    return OpenApi(
        openapi=OPENAPI_VERSION,
        info=Info("Convene", version, INFO_DESCRIPTION),
        servers=(Server(base_url, "This server."),),
        tags=(*_tags(routes), *UNTYPED_TAGS),
        security=({"bearer": []},),
        paths=_paths(routes, schemas),
        components=Components(
            schemas=dict(sorted(schemas.by_name.items())),
            parameters=PARAMETERS,
            headers=HEADERS,
            responses={**shared_error_responses(problem), "NotModified": NOT_MODIFIED},
            security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
        ),
    )


def _paths(routes: Iterable[Route], schemas: Schemas) -> dict[str, dict[str, Operation]]:
    paths: dict[str, dict[str, Operation]] = {}
    ids: set[str] = set()
    for route in routes:
        handler_id = operation_id_from_handler(route)
        operation_id = operation_id_from_path(route) if handler_id in ids else handler_id
        ids.add(operation_id)
        operations = paths.setdefault(path_template(route), {})
        operations[route.method.lower()] = route_operation(route, schemas, operation_id)
    for path, operation in UNTYPED_OPERATIONS.items():
        paths.setdefault(path, {})["get"] = operation
    return paths


def _tags(routes: Iterable[Route]) -> tuple[Tag, ...]:
    """Return one tag for each first path segment, in the order of the routes."""
    descriptions: dict[str, str] = {}
    for route in routes:
        tag = route_tag(route)
        module_summary = (sys.modules[route.handler.__module__].__doc__ or "").partition("\n")[0]
        descriptions.setdefault(tag, TAG_DESCRIPTIONS.get(tag, module_summary))
    return tuple(Tag(name, description) for name, description in descriptions.items())

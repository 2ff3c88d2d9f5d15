"""What is served beside the typed routes: the live connections, health, and the contract itself.

Written by hand, because their handlers answer no struct. Never a place for what could be a route.
"""

from typing import Final

from server.api_docs.openapi_document import MediaType, Operation, Reference, Response, Tag
from server.websocket.sub_protocols import JSON, MSGPACK

LIVE_TAG: Final = "live"
OPERATIONS_TAG: Final = "operations"
UNTYPED_TAGS: Final = (
    Tag(LIVE_TAG, "What happens, while it happens."),
    Tag(OPERATIONS_TAG, "For operators, and for those who read the contract."),
)
_NO_SECURITY: Final[tuple[dict[str, list[str]], ...]] = ()
_JSON_CONTENT: Final = {"application/json": MediaType({"type": "object"})}
_FAILURE: Final = Reference("#/components/responses/Failure")
_UNAUTHORIZED: Final = Reference("#/components/responses/Unauthorized")
_UNAVAILABLE: Final = Reference("#/components/responses/Unavailable")


def _text_operation(operation_id: str, summary: str, media_type: str) -> Operation:
    return Operation(
        tags=(OPERATIONS_TAG,),
        operation_id=operation_id,
        summary=summary,
        responses={"200": Response("OK.", content={media_type: MediaType({"type": "string"})})},
        security=_NO_SECURITY,
    )


UNTYPED_OPERATIONS: Final = {
    "/v1/ws": Operation(
        tags=(LIVE_TAG,),
        operation_id="socket",
        summary="Open the socket",
        description=(
            f"RFC 6455. The sub-protocols are `{JSON.name}`, also where none is asked for, and "
            f"`{MSGPACK.name}`. A bearer header logs in; without one the first frame is "
            "`authenticate`. The frames are described in `/asyncapi.json`."
        ),
        responses={
            "101": Response("The socket is open."),
            "401": _UNAUTHORIZED,
            "503": _UNAVAILABLE,
            "default": _FAILURE,
        },
        security=({}, {"bearer": []}),
    ),
    "/v1/stream": Operation(
        tags=(LIVE_TAG,),
        operation_id="stream",
        summary="Follow one's own stream as Server-Sent Events",
        description="`Last-Event-ID` resumes after that event. The events are described in `/asyncapi.json`.",
        responses={
            "200": Response(
                "Events, until one of both sides ends it.",
                content={"text/event-stream": MediaType({"type": "string"})},
            ),
            "401": _UNAUTHORIZED,
            "503": _UNAVAILABLE,
            "default": _FAILURE,
        },
    ),
    "/healthz": Operation(
        tags=(OPERATIONS_TAG,),
        operation_id="healthz",
        summary="Tell whether the process is alive",
        responses={"200": Response("It is.", content=_JSON_CONTENT)},
        security=_NO_SECURITY,
    ),
    "/readyz": Operation(
        tags=(OPERATIONS_TAG,),
        operation_id="readyz",
        summary="Tell whether the instance is ready for work",
        description="Every store and the bus have just done real work.",
        responses={
            "200": Response("It is.", content=_JSON_CONTENT),
            "503": Response(
                "It is not: something does not answer, or it is stopping.", content=_JSON_CONTENT
            ),
        },
        security=_NO_SECURITY,
    ),
    "/metrics": _text_operation("metrics", "Show what the instance is doing, for Prometheus", "text/plain"),
    "/openapi.json": Operation(
        tags=(OPERATIONS_TAG,),
        operation_id="openapi",
        summary="Show this document",
        responses={"200": Response("OK.", content=_JSON_CONTENT)},
        security=_NO_SECURITY,
    ),
    "/asyncapi.json": Operation(
        tags=(OPERATIONS_TAG,),
        operation_id="asyncapi",
        summary="Show the document of the socket and of the stream",
        responses={"200": Response("OK.", content=_JSON_CONTENT)},
        security=_NO_SECURITY,
    ),
    "/docs": _text_operation("docs", "Show this document as a page", "text/html"),
    "/docs/socket": _text_operation("socket_docs", "Show the document of the socket as a page", "text/html"),
}

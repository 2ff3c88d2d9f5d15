"""Operations of the endpoints that are not typed routes: live connections, health and documentation.

Written by hand, because their handlers return no struct.
"""

from typing import Final

from server.api_docs.openapi_document import MediaType, Operation, Parameter, Reference, Response, Tag
from server.websocket.subprotocols import JSON, MSGPACK

EXPORTS_TAG: Final = "exports"
LIVE_TAG: Final = "live"
OPERATIONS_TAG: Final = "operations"
UNTYPED_TAGS: Final = (
    Tag(EXPORTS_TAG, "Archives of data exports."),
    Tag(LIVE_TAG, "Live updates over WebSocket and Server-Sent Events."),
    Tag(OPERATIONS_TAG, "Health checks, metrics and API documentation."),
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


def _document_operation(operation_id: str, summary: str) -> Operation:
    return Operation(
        tags=(OPERATIONS_TAG,),
        operation_id=operation_id,
        summary=summary,
        responses={"200": Response("OK.", content=_JSON_CONTENT)},
        security=_NO_SECURITY,
    )


UNTYPED_OPERATIONS: Final = {
    "/v1/ws": Operation(
        tags=(LIVE_TAG,),
        operation_id="socket",
        summary="Open a WebSocket",
        description=(
            f"RFC 6455. The subprotocols are `{JSON.name}`, which is also the default, and "
            f"`{MSGPACK.name}`. A bearer header authenticates the connection; without one, the first frame "
            "is `authenticate`. `/asyncapi.json` describes the frames."
        ),
        responses={
            "101": Response("The WebSocket is open."),
            "401": _UNAUTHORIZED,
            "503": _UNAVAILABLE,
            "default": _FAILURE,
        },
        security=({}, {"bearer": []}),
    ),
    "/v1/stream": Operation(
        tags=(LIVE_TAG,),
        operation_id="stream",
        summary="Stream the user's events as Server-Sent Events",
        description="`Last-Event-ID` resumes after that event. `/asyncapi.json` describes the events.",
        responses={
            "200": Response(
                "Events, until the client or the server closes the connection.",
                content={"text/event-stream": MediaType({"type": "string"})},
            ),
            "401": _UNAUTHORIZED,
            "503": _UNAVAILABLE,
            "default": _FAILURE,
        },
    ),
    "/v1/exports/{token}": Operation(
        tags=(EXPORTS_TAG,),
        operation_id="download_export",
        summary="Download a data export",
        description="The link is the `url` of the export; it works without a login for a limited time.",
        parameters=(Parameter(name="token", location="path", required=True, schema={"type": "string"}),),
        responses={
            "200": Response(
                "A ZIP archive with a JSON array for each kind of data.",
                content={"application/zip": MediaType({"type": "string", "contentEncoding": "binary"})},
            ),
            "404": _FAILURE,
            "503": _UNAVAILABLE,
            "default": _FAILURE,
        },
        security=_NO_SECURITY,
    ),
    "/healthz": Operation(
        tags=(OPERATIONS_TAG,),
        operation_id="healthz",
        summary="Check whether the process is alive",
        responses={"200": Response("The process is alive.", content=_JSON_CONTENT)},
        security=_NO_SECURITY,
    ),
    "/readyz": Operation(
        tags=(OPERATIONS_TAG,),
        operation_id="readyz",
        summary="Check whether the instance is ready",
        description="Does a real write and read on every store and publishes on the bus.",
        responses={
            "200": Response("The instance is ready.", content=_JSON_CONTENT),
            "503": Response(
                "A store or the bus does not respond, or the instance is stopping.", content=_JSON_CONTENT
            ),
        },
        security=_NO_SECURITY,
    ),
    "/metrics": _text_operation("metrics", "Return metrics in the Prometheus text format", "text/plain"),
    "/openapi.json": _document_operation("openapi", "Return this document"),
    "/asyncapi.json": _document_operation(
        "asyncapi", "Return the document of the socket and the event stream"
    ),
    "/docs": _text_operation("docs", "Show this document as a page", "text/html"),
    "/docs/socket": _text_operation(
        "socket_docs", "Show the document of the socket and the event stream as a page", "text/html"
    ),
}

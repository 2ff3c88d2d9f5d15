"""Encodes a handler's result as an HTTP response: status, body, entity tag, link to the next page.

Successful GET responses may be cached by the client, which must revalidate them; all others must not be
stored. Responses are not compressed: they mix secrets with text of other users (the BREACH attack).
"""

from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import hdrs, web

from server.http.etag import compute_etag, matches_if_none_match
from server.http.typed_request import Page, ResponseWithStatus, TextResponse

JSON_TYPE: Final = "application/json"
_NO_STORE: Final = {hdrs.CACHE_CONTROL: "no-store"}
_encoder = msgspec.json.Encoder()


def encode_response(
    request: web.Request, result: msgspec.Struct | None, status: int, media_type: str
) -> web.Response:
    """Build the response for a result; `status` and `media_type` are the route's."""
    body: object = result
    if isinstance(result, ResponseWithStatus):
        status, body = result.status, result.body
    elif result is None and status != web.HTTPAccepted.status_code:
        status = web.HTTPNoContent.status_code
    if body is None:
        return web.Response(status=status, headers=_NO_STORE)
    encoded = body.content.encode() if isinstance(body, TextResponse) else _encoder.encode(body)
    headers = dict(_NO_STORE)
    if request.method in {hdrs.METH_GET, hdrs.METH_HEAD} and status == web.HTTPOk.status_code:
        headers = {
            hdrs.CACHE_CONTROL: "private, no-cache",
            hdrs.ETAG: compute_etag(encoded),
            # A browser cache must not reuse it for the next user who logs in on the same machine.
            hdrs.VARY: hdrs.AUTHORIZATION,
        }
        if matches_if_none_match(request, headers[hdrs.ETAG]):
            return web.Response(status=304, headers=headers)
    if isinstance(body, Page) and body.next_cursor is not None:
        headers[hdrs.LINK] = f'<{_next_page_path(request, body.next_cursor)}>; rel="next"'
    # `application/json` has no charset parameter (RFC 8259, section 11): it is always UTF-8.
    headers[hdrs.CONTENT_TYPE] = (
        f"{media_type}; charset=utf-8" if isinstance(body, TextResponse) else media_type
    )
    return web.Response(body=encoded, status=status, headers=headers)


def _next_page_path(request: web.Request, cursor: str) -> str:
    """Return the request's path and query with its `cursor` replaced."""
    path, _, query = request.path_qs.partition("?")
    parameters = [part for part in query.split("&") if part and not part.startswith("cursor=")]
    parameters.append("cursor=" + quote(cursor, safe=""))
    return f"{path}?{'&'.join(parameters)}"

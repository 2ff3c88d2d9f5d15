"""What a handler answered, as HTTP: status, encoding, link to the next page, entity tag.

What a GET answers may be kept by its own caller, who asks each time whether it still stands; every
other answer is kept by nobody. Never compresses: what somebody else wrote stands beside secrets.
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
    """Turn an answer into a response; `status` and `media_type` are what the route says."""
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
            # Whoever logs in next on the same machine must not be shown it unasked.
            hdrs.VARY: hdrs.AUTHORIZATION,
        }
        if matches_if_none_match(request, headers[hdrs.ETAG]):
            return web.Response(status=304, headers=headers)
    if isinstance(body, Page) and body.next_cursor is not None:
        headers[hdrs.LINK] = f'<{_next_page_path(request, body.next_cursor)}>; rel="next"'
    # Text is always UTF-8; JSON is by definition, and has no such parameter.
    headers[hdrs.CONTENT_TYPE] = (
        f"{media_type}; charset=utf-8" if isinstance(body, TextResponse) else media_type
    )
    return web.Response(body=encoded, status=status, headers=headers)


def _next_page_path(request: web.Request, cursor: str) -> str:
    """The request's own address with that cursor; the rest of it is left as it came."""
    path, _, query = request.path_qs.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("cursor=")]
    kept.append("cursor=" + quote(cursor, safe=""))
    return f"{path}?{'&'.join(kept)}"

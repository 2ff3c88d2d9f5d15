"""Results of route handlers, and their encoding as HTTP responses: status, body, entity tag, next page link.

Successful GET responses may be cached by the client, which must revalidate them; all others must not be
stored. Responses are not compressed: they mix secrets with text of other users (the BREACH attack).

An entity tag (RFC 9110, section 8.8.3) is a hash of the encoded body, so it is strong. It saves transfer, not
work: each response is computed before its tag is compared, and nothing is cached.
"""

import re
from datetime import datetime
from email.utils import format_datetime
from hashlib import blake2b
from typing import Final, Generic, TypeVar, get_origin
from urllib.parse import quote

import msgspec
from aiohttp import hdrs, web
from aiohttp.helpers import content_disposition_header

JSON_TYPE: Final = "application/json"
_NO_STORE: Final = {hdrs.CACHE_CONTROL: "no-store"}
_encoder = msgspec.json.Encoder()
_ETAG_PATTERN = re.compile(r'(?:W/)?("[^"]*")')

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list. `next_cursor` is null on the last page; the `Link` header has it too."""

    items: list[Item]
    next_cursor: str | None


def is_page(response: object) -> bool:
    """Whether the type of a response is a page of a list, or one with more fields."""
    kind = get_origin(response) or response
    return isinstance(kind, type) and issubclass(kind, Page)


class ResponseWithStatus(msgspec.Struct, frozen=True):
    """A result with a status chosen by the handler."""

    body: object
    status: int


class TextResponse(msgspec.Struct, frozen=True):
    """A text result in the route's `media_type`. With a `file_name`, browsers offer to save it.

    `last_modified` is sent, and compared with `If-Modified-Since`, in whole seconds.
    """

    content: str
    file_name: str | None = None
    last_modified: datetime | None = None


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
        last_modified = body.last_modified if isinstance(body, TextResponse) else None
        if last_modified is not None:
            headers[hdrs.LAST_MODIFIED] = format_datetime(last_modified, usegmt=True)
        if matches_if_none_match(request, headers[hdrs.ETAG]) or is_unmodified_since(request, last_modified):
            return web.Response(status=304, headers=headers)
    if isinstance(body, Page) and body.next_cursor is not None:
        headers[hdrs.LINK] = f'<{_next_page_path(request, body.next_cursor)}>; rel="next"'
    # `application/json` has no charset parameter (RFC 8259, section 11): it is always UTF-8.
    headers[hdrs.CONTENT_TYPE] = (
        f"{media_type}; charset=utf-8" if isinstance(body, TextResponse) else media_type
    )
    if isinstance(body, TextResponse) and body.file_name is not None:
        headers[hdrs.CONTENT_DISPOSITION] = content_disposition_header("attachment", filename=body.file_name)
    return web.Response(body=encoded, status=status, headers=headers)


def stored_response(status: int, body: bytes) -> web.Response:
    """Build a response from a body that `encode_response` made for a request that was not a GET."""
    if not body:
        return web.Response(status=status, headers=_NO_STORE)
    return web.Response(body=body, status=status, headers={**_NO_STORE, hdrs.CONTENT_TYPE: JSON_TYPE})


def _next_page_path(request: web.Request, cursor: str) -> str:
    """Return the request's path and query with its `cursor` replaced."""
    path, _, query = request.path_qs.partition("?")
    parameters = [part for part in query.split("&") if part and not part.startswith("cursor=")]
    parameters.append("cursor=" + quote(cursor, safe=""))
    return f"{path}?{'&'.join(parameters)}"


def wants_page(request: web.Request) -> bool:
    """Whether a browser opens the path: its `Accept` names `text/html`, which API clients do not."""
    accepted = ",".join(request.headers.getall(hdrs.ACCEPT, ())).lower().split(",")
    is_html = any(part.partition(";")[0].strip() == "text/html" for part in accepted)
    return is_html and request.method in {hdrs.METH_GET, hdrs.METH_HEAD}


def compute_etag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def matches_if_none_match(request: web.Request, etag: str) -> bool:
    """Whether `If-None-Match` lists the tag. Uses weak comparison (RFC 9110, section 13.1.2)."""
    if hdrs.IF_NONE_MATCH not in request.headers:
        return False
    etags = ",".join(request.headers.getall(hdrs.IF_NONE_MATCH, ()))
    return etags.strip() == "*" or etag in _ETAG_PATTERN.findall(etags)


def is_unmodified_since(request: web.Request, last_modified: datetime | None) -> bool:
    """Whether `If-Modified-Since` is not before `last_modified`; entity tags go first (RFC 9110, 13.2.2)."""
    if last_modified is None or hdrs.IF_NONE_MATCH in request.headers:
        return False
    since = request.if_modified_since
    return since is not None and last_modified.replace(microsecond=0) <= since

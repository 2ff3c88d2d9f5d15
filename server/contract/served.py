"""What is made once at the start and shown to everybody: with an entity tag, and a policy where it is a page.

Never depends on who asks.
"""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from aiohttp import hdrs, web

from server.contract.page import SCRIPT, STYLE
from server.http.etag import etag_of, is_known
from server.http.response import JSON_TYPE


def _source(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_source(STYLE)}",
        f"script-src {_source(SCRIPT)}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""A page may run its own style and script, to the letter, and load nothing."""
_PAGE: Final = {
    hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
}


def served_document(request: web.Request, document: bytes) -> web.Response:
    return _served(request, document, {hdrs.CONTENT_TYPE: JSON_TYPE})


def served_page(request: web.Request, page: bytes) -> web.Response:
    return _served(request, page, _PAGE)


def _served(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    etag = etag_of(body)
    headers = {**headers, hdrs.ETAG: etag, hdrs.CACHE_CONTROL: "public, no-cache"}
    if is_known(request, etag):
        del headers[hdrs.CONTENT_TYPE]
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)

"""What is made once at the start and shown to everybody: with an entity tag, and a policy where it is a page.

Never depends on who asks.
"""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from aiohttp import hdrs, web

from server.api_docs.page_layout import PAGE_SCRIPT, PAGE_STYLE
from server.http.etag import compute_etag, matches_if_none_match
from server.http.response import JSON_TYPE


def _csp_hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_csp_hash(PAGE_STYLE)}",
        f"script-src {_csp_hash(PAGE_SCRIPT)}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""A page may run its own style and script, to the letter, and load nothing."""
_PAGE_HEADERS: Final = {
    hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
}


def document_response(request: web.Request, document: bytes) -> web.Response:
    return _static_response(request, document, {hdrs.CONTENT_TYPE: JSON_TYPE})


def page_response(request: web.Request, page: bytes) -> web.Response:
    return _static_response(request, page, _PAGE_HEADERS)


def _static_response(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    etag = compute_etag(body)
    headers = {**headers, hdrs.ETAG: etag, hdrs.CACHE_CONTROL: "public, no-cache"}
    if matches_if_none_match(request, etag):
        del headers[hdrs.CONTENT_TYPE]
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)

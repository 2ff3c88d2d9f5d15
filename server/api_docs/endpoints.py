"""The documents and their pages over HTTP.

The pages are rendered in the browser by Redoc, which is vendored in `viewer/`. The documents are built on
the first request; none of this needs a token.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import hdrs, web

from config.limits import Limits
from server.api_docs.asyncapi import asyncapi_document
from server.api_docs.openapi import openapi_document
from server.http.response import JSON_TYPE, compute_etag, matches_if_none_match
from server.http.route import Route

VIEWER_FILE: Final = Path(__file__).parent / "viewer" / "redoc.standalone.js"
VIEWER_PATH: Final = "/docs/redoc.standalone.js"
# Redoc inserts style elements and attributes, and assigns sanitized HTML without a Trusted Types policy.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
}
_PAGE: Final = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
  </head>
  <body>
    <redoc spec-url="{document_path}" disable-telemetry="true"></redoc>
    <noscript>This page needs JavaScript. The document is at <a href="{document_path}">{document_path}</a>.\
</noscript>
    <script type="module" src="{viewer_path}"></script>
  </body>
</html>
"""


class ApiDocs:
    """Serves `/openapi.json`, `/asyncapi.json`, `/docs`, `/docs/socket` and the viewer's script."""

    def __init__(self, routes: Sequence[Route], version: str, base_url: str, limits: Limits) -> None:
        self._routes = routes
        self._version = version
        self._base_url = base_url
        self._limits = limits
        self._openapi_page = _page("Convene: HTTP API", "/openapi.json")
        self._asyncapi_page = _page("Convene: WebSocket API", "/asyncapi.json")

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/openapi.json", self.openapi)
        router.add_get("/asyncapi.json", self.asyncapi)
        router.add_get("/docs", self.openapi_page)
        router.add_get("/docs/socket", self.asyncapi_page)
        router.add_get(VIEWER_PATH, self.viewer)

    async def openapi(self, request: web.Request) -> web.Response:
        return self._openapi.respond(request)

    async def asyncapi(self, request: web.Request) -> web.Response:
        return self._asyncapi.respond(request)

    async def openapi_page(self, request: web.Request) -> web.Response:
        return self._openapi_page.respond(request)

    async def asyncapi_page(self, request: web.Request) -> web.Response:
        return self._asyncapi_page.respond(request)

    async def viewer(self, request: web.Request) -> web.Response:
        return self._viewer.respond(request)

    @cached_property
    def _openapi(self) -> "_StaticResource":
        document = openapi_document(self._routes, self._version, self._base_url)
        return _StaticResource(msgspec.json.encode(document), JSON_TYPE)

    @cached_property
    def _asyncapi(self) -> "_StaticResource":
        document = asyncapi_document(self._version, self._base_url, self._limits)
        return _StaticResource(msgspec.json.encode(document), JSON_TYPE)

    @cached_property
    def _viewer(self) -> "_StaticResource":
        return _StaticResource(VIEWER_FILE.read_bytes(), "text/javascript; charset=utf-8")


class _StaticResource:
    """A body that is the same for every request, with its entity tag."""

    def __init__(self, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        self._body = body
        self._etag = compute_etag(body)
        self._content_type = {hdrs.CONTENT_TYPE: content_type}
        self._headers = {hdrs.ETAG: self._etag, hdrs.CACHE_CONTROL: "public, no-cache", **(headers or {})}

    def respond(self, request: web.Request) -> web.Response:
        if matches_if_none_match(request, self._etag):
            return web.Response(status=304, headers=self._headers)
        return web.Response(body=self._body, headers=self._headers | self._content_type)


def _page(title: str, document_path: str) -> _StaticResource:
    page = _PAGE.format(title=title, document_path=document_path, viewer_path=VIEWER_PATH)
    return _StaticResource(page.encode(), "text/html; charset=utf-8", _PAGE_HEADERS)

"""The contract over HTTP: the document for programs and its page for people, made once at the start.

Neither needs a token, and neither depends on who asks. Never makes anything while a request waits.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

import msgspec
from aiohttp import hdrs, web

from server.contract.docs import SCRIPT, STYLE, docs_page
from server.contract.openapi import openapi_document
from server.http.etag import etag_of, is_known
from server.http.response import JSON_TYPE
from server.http.route import Route


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
"""The page may run its own style and script, to the letter, and load nothing."""


class ContractPages:
    def __init__(self, routes: Sequence[Route], version: str) -> None:
        document = openapi_document(routes, version)
        self._openapi = msgspec.json.encode(document)
        self._docs = docs_page(document).encode()

    async def openapi(self, request: web.Request) -> web.Response:
        return _shown(request, self._openapi, {hdrs.CONTENT_TYPE: JSON_TYPE})

    async def docs(self, request: web.Request) -> web.Response:
        headers = {
            hdrs.CONTENT_TYPE: "text/html; charset=utf-8",
            "Content-Security-Policy": POLICY,
            "Referrer-Policy": "no-referrer",
        }
        return _shown(request, self._docs, headers)


def _shown(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    etag = etag_of(body)
    headers = {**headers, hdrs.ETAG: etag, hdrs.CACHE_CONTROL: "public, no-cache"}
    if is_known(request, etag):
        del headers[hdrs.CONTENT_TYPE]
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)

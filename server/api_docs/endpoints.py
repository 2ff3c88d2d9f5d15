"""The contract over HTTP: its documents for programs and their pages for people.

Each is made once, when it is first asked for: a start does not wait for what most servers never show. None
needs a token, and none depends on who asks.
"""

from collections.abc import Sequence
from functools import cached_property

import msgspec
from aiohttp import web

from config.limits import Limits
from server.api_docs.asyncapi import asyncapi_document
from server.api_docs.asyncapi_document import AsyncApi
from server.api_docs.asyncapi_page import render_asyncapi_page
from server.api_docs.openapi import openapi_document
from server.api_docs.openapi_document import OpenApi
from server.api_docs.openapi_page import render_openapi_page
from server.api_docs.static_responses import document_response, page_response
from server.http.route import Route


class OpenApiEndpoints:
    """The routes."""

    def __init__(self, routes: Sequence[Route], version: str) -> None:
        self._routes = routes
        self._version = version

    @cached_property
    def _document(self) -> OpenApi:
        return openapi_document(self._routes, self._version)

    @cached_property
    def _openapi(self) -> bytes:
        return msgspec.json.encode(self._document)

    @cached_property
    def _page(self) -> bytes:
        return render_openapi_page(self._document).encode()

    async def openapi(self, request: web.Request) -> web.Response:
        return document_response(request, self._openapi)

    async def docs(self, request: web.Request) -> web.Response:
        return page_response(request, self._page)


class AsyncApiEndpoints:
    """The socket and the stream, at the address and within the bounds of this server."""

    def __init__(self, version: str, base_url: str, limits: Limits) -> None:
        self._version = version
        self._base_url = base_url
        self._limits = limits

    @cached_property
    def _document(self) -> AsyncApi:
        return asyncapi_document(self._version, self._base_url, self._limits)

    @cached_property
    def _asyncapi(self) -> bytes:
        return msgspec.json.encode(self._document)

    @cached_property
    def _page(self) -> bytes:
        return render_asyncapi_page(self._document).encode()

    async def asyncapi(self, request: web.Request) -> web.Response:
        return document_response(request, self._asyncapi)

    async def docs(self, request: web.Request) -> web.Response:
        return page_response(request, self._page)

"""The contract over HTTP: its documents for programs and their pages for people, made once at the start.

None needs a token, and none depends on who asks. Never makes anything while a request waits.
"""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from config.limits import Limits
from server.contract.asyncapi import asyncapi_document
from server.contract.docs import docs_page
from server.contract.openapi import openapi_document
from server.contract.served import served_document, served_page
from server.contract.socket_docs import socket_page
from server.http.route import Route


class ContractPages:
    """The routes."""

    def __init__(self, routes: Sequence[Route], version: str) -> None:
        document = openapi_document(routes, version)
        self._openapi = msgspec.json.encode(document)
        self._docs = docs_page(document).encode()

    async def openapi(self, request: web.Request) -> web.Response:
        return served_document(request, self._openapi)

    async def docs(self, request: web.Request) -> web.Response:
        return served_page(request, self._docs)


class SocketPages:
    """The socket and the stream, at the address and within the bounds of this server."""

    def __init__(self, version: str, base_url: str, limits: Limits) -> None:
        document = asyncapi_document(version, base_url, limits)
        self._asyncapi = msgspec.json.encode(document)
        self._docs = socket_page(document).encode()

    async def asyncapi(self, request: web.Request) -> web.Response:
        return served_document(request, self._asyncapi)

    async def docs(self, request: web.Request) -> web.Response:
        return served_page(request, self._docs)

"""Checks responses against the published OpenAPI document."""

import re
from collections.abc import Sequence

import msgspec

from server.api_docs.openapi import openapi_document
from server.api_docs.openapi_document import OpenApi, Operation
from server.api_docs.route_operations import path_template, route_error_codes
from server.http.route import Route

ROUTER_ERRORS = {"route.not_found", "method.not_allowed"}
"""Refusals of no operation: there is none."""


class DocumentMatch:
    """The OpenAPI operations of some routes."""

    def __init__(self, routes: Sequence[Route]) -> None:
        document = openapi_document(routes, "0", "http://convene.test")
        self._routes = [
            (
                re.compile(re.sub(r"\{\w+\}", "[^/]+", path_template(route))),
                route,
                self._operation(document, route),
            )
            for route in routes
        ]

    def check(self, method: str, path: str, status: int, body: bytes) -> None:
        """Fail if a status, an error code or a body is not documented."""
        matches = [
            (route, operation)
            for form, route, operation in self._routes
            if route.method == method and form.fullmatch(path.partition("?")[0])
        ]
        if not matches:
            return
        route, operation = matches[0]
        where = f"{method} {route.path} answered {status}"
        if status >= 400:
            code = msgspec.json.decode(body)["code"]
            assert code in {*route_error_codes(route), *ROUTER_ERRORS}, f"{where} with {code}"
            return
        assert str(status) in operation.responses, where
        if body and route.response is not None:
            assert msgspec.json.encode(msgspec.json.decode(body, type=route.response)) == body, where

    @staticmethod
    def _operation(document: OpenApi, route: Route) -> Operation:
        return document.paths[path_template(route)][route.method.lower()]

"""The OpenAPI document, made of routes."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from actors.protocol.errors import ERROR_SPECS
from server.api_docs.openapi import openapi_document
from server.http.query_parameters import PageQuery
from server.http.rate_limiter import RateClass
from server.http.route import Route
from server.http.typed_request import Page, ResponseWithStatus, TextResponse, TypedRequest
from tests.server.api_docs.all_routes import collect_routes

Json = dict[str, Any]
JSON_TYPES = {"string", "integer", "number", "boolean", "object", "array", "null"}
KEYWORDS = {
    "$ref",
    "type",
    "title",
    "description",
    "properties",
    "required",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "enum",
    "const",
    "default",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "additionalProperties",
    "discriminator",
    "prefixItems",
}


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


class Toy(msgspec.Struct, frozen=True):
    """Something to play with."""

    name: Annotated[str, Meta(min_length=1, max_length=9)]
    colour: Colour | None = None


class ToyQuery(PageQuery, frozen=True):
    colour: Annotated[Colour, Meta(description="Only of this one.")] | None = None
    ids: Annotated[list[str], Meta(max_length=7)] | None = None
    least: Annotated[int, Meta(ge=1)] = 3


class RequiredQuery(msgspec.Struct, frozen=True):
    word: str


class ToyRoutes:
    """Handlers that are only looked at."""

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/v1/toys", self.page, query=ToyQuery, response=Page[Toy]),
            Route(
                "POST",
                "/v1/toys",
                self.make,
                body=Toy,
                response=Toy,
                status=201,
                other_statuses=(200,),
                idempotent=True,
                errors=("conversation.full", "user.not_found", "message.not_found"),
            ),
            Route("DELETE", r"/v1/toys/{id:\w+}/parts/{part_id}", self.drop, status=204),
            Route(
                "GET",
                "/v1/toys/{id}.ics",
                self.text,
                response=TextResponse,
                media_type="text/calendar",
                rate_class=None,
            ),
            Route("PUT", "/v1/toys/{id}", self.make, body=Toy, response=Toy, other_statuses=(204,)),
            Route(
                "POST", "/v1/boxes", self.accept, status=202, requires_auth=False, rate_class=RateClass.LOGIN
            ),
            Route("GET", "/v1/boxes", self.page, query=RequiredQuery, response=Toy),
        )

    async def page(self, request: TypedRequest[None, ToyQuery]) -> Page[Toy]:
        """List the toys. The oldest first."""
        raise NotImplementedError

    async def make(self, request: TypedRequest[Toy, None]) -> ResponseWithStatus:
        """Make a toy.

        Of `wood`.
        """
        raise NotImplementedError

    async def drop(self, request: TypedRequest[None, None]) -> None:
        raise NotImplementedError

    async def text(self, request: TypedRequest[None, None]) -> TextResponse:
        raise NotImplementedError

    async def accept(self, request: TypedRequest[None, None]) -> None:
        raise NotImplementedError


def document_of(routes: list[Route] | tuple[Route, ...]) -> Json:
    document: Json = msgspec.json.decode(msgspec.json.encode(openapi_document(routes, "1.2.3")))
    return document


@pytest.fixture(scope="module")
def document() -> Json:
    return document_of(ToyRoutes().routes())


@pytest.fixture(scope="module")
def served_document() -> Json:
    return document_of(collect_routes())


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def parameters(operation: Json) -> dict[str, Json]:
    return {one["name"]: one for one in operation["parameters"] if "name" in one}


def codes(answer: Json) -> list[str]:
    (content,) = answer["content"].values()
    found: list[str] = content["schema"]["allOf"][1]["properties"]["code"]["enum"]
    return found


def test_words_come_from_the_docstring(document: Json) -> None:
    """The first sentence is the summary, what follows the description; without any, the handler's name."""
    page, make = document["paths"]["/v1/toys"]["get"], document["paths"]["/v1/toys"]["post"]
    assert (page["summary"], page["description"]) == ("List the toys", "The oldest first.")
    assert (make["summary"], make["description"]) == ("Make a toy", "Of `wood`.")
    assert document["paths"]["/v1/boxes"]["post"]["summary"] == "Accept"
    assert document["info"]["version"] == "1.2.3"


def test_operations_are_named_and_tagged(document: Json) -> None:
    """After the handler, where that is taken after the path; the tag is the first noun."""
    found = {(method, path): operation for method, path, operation in operations(document)}
    assert found["get", "/v1/toys"]["operationId"] == "toy_page"
    assert found["get", "/v1/boxes"]["operationId"] == "get_boxes"
    assert found["delete", "/v1/toys/{id}/parts/{part_id}"]["tags"] == ["toys"]
    assert {"toys", "boxes"} <= {tag["name"] for tag in document["tags"]}


def test_query_is_published_field_by_field(document: Json) -> None:
    """With bounds, defaults and meanings; null is not a value of a parameter, lists have commas."""
    found = parameters(document["paths"]["/v1/toys"]["get"])
    assert found["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert found["least"]["schema"] == {"type": "integer", "minimum": 1, "default": 3}
    assert found["cursor"]["schema"] == {"type": "string", "maxLength": 1000}
    assert found["colour"]["schema"] == {"$ref": "#/components/schemas/Colour"}
    assert found["colour"]["description"] == "Only of this one."
    assert found["ids"]["schema"] == {"type": "array", "items": {"type": "string"}, "maxItems": 7}
    assert (found["ids"]["style"], found["ids"]["explode"]) == ("form", False)
    assert not any(one.get("required") for one in found.values())
    assert parameters(document["paths"]["/v1/boxes"]["get"])["word"]["required"] is True
    assert "ToyQuery" not in document["components"]["schemas"]


def test_path_parameters_are_those_of_the_path(document: Json) -> None:
    """The router's patterns are nothing to a reader."""
    found = parameters(document["paths"]["/v1/toys/{id}/parts/{part_id}"]["delete"])
    assert [(name, one["in"], one["required"]) for name, one in found.items()] == [
        ("id", "path", True),
        ("part_id", "path", True),
    ]


def test_bodies_and_successes(document: Json) -> None:
    """Every status of success, each with what it answers; 204 and what was only accepted with nothing."""
    toy = {"application/json": {"schema": {"$ref": "#/components/schemas/Toy"}}}
    make = document["paths"]["/v1/toys"]["post"]
    assert make["requestBody"]["content"] == toy
    assert make["requestBody"]["required"] is True
    assert (make["responses"]["201"]["content"], make["responses"]["200"]["content"]) == (toy, toy)
    drop = document["paths"]["/v1/toys/{id}/parts/{part_id}"]["delete"]
    assert "content" not in drop["responses"]["204"]
    accept = document["paths"]["/v1/boxes"]["post"]
    assert {status for status in accept["responses"] if status < "4"} == {"202"}
    assert "content" not in accept["responses"]["202"]
    put = document["paths"]["/v1/toys/{id}"]["put"]
    assert put["responses"]["200"]["content"] == toy
    assert "content" not in put["responses"]["204"]
    text = document["paths"]["/v1/toys/{id}.ics"]["get"]
    assert text["responses"]["200"]["content"] == {"text/calendar": {"schema": {"type": "string"}}}
    schema = document["components"]["schemas"]["Toy"]
    assert schema["description"] == "Something to play with."
    assert schema["required"] == ["name"]
    assert schema["properties"]["name"] == {"type": "string", "minLength": 1, "maxLength": 9}


def test_headers_are_published(document: Json) -> None:
    """The key of what happens once, tags of what is kept, links of pages, budgets of what is counted."""
    toys = document["paths"]["/v1/toys"]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in toys["post"]["parameters"]
    assert {"$ref": "#/components/parameters/IfNoneMatch"} in toys["get"]["parameters"]
    answered = toys["get"]["responses"]["200"]["headers"]
    assert {"ETag", "Link", "RateLimit-Remaining", "X-Request-Id"} <= answered.keys()
    assert toys["get"]["responses"]["304"] == {"$ref": "#/components/responses/NotModified"}
    assert not {"ETag", "Link"} & toys["post"]["responses"]["201"]["headers"].keys()
    free = document["paths"]["/v1/toys/{id}.ics"]["get"]["responses"]
    assert "RateLimit-Remaining" not in free["200"]["headers"]
    assert "429" not in free


def test_refusals_are_published(document: Json) -> None:
    """Those of the route by status with their codes, those that follow from what it takes, and the rest."""
    make = document["paths"]["/v1/toys"]["post"]["responses"]
    assert codes(make["404"]) == ["user.not_found", "message.not_found"]
    assert codes(make["409"]) == ["idempotency.conflict", "conversation.full"]
    assert codes(document["paths"]["/v1/toys"]["get"]["responses"]["422"]) == [
        "request.invalid",
        "cursor.invalid",
    ]
    assert {"401", "408", "413", "422", "429", "503", "default"} <= make.keys()
    accept = document["paths"]["/v1/boxes"]["post"]
    assert not {"401", "413", "422"} & accept["responses"].keys()
    assert accept["security"] == []
    assert "security" not in document["paths"]["/v1/toys"]["get"]
    shared = document["components"]["responses"]
    assert codes(shared["Unauthorized"]) == ["auth.required", "auth.expired"]
    assert list(shared["Failure"]["content"]) == ["application/problem+json"]


def test_code_that_nobody_knows_is_not_published() -> None:
    """A slip in a route's refusals is found when the server starts, with its place."""
    route = Route("GET", "/v1/toys", ToyRoutes().drop, errors=("toy.broken",))
    with pytest.raises(ValueError, match=r"GET /v1/toys .* toy\.broken"):
        openapi_document([route], "1")


# --- the house's own


def test_every_reference_leads_somewhere(served_document: Json) -> None:
    """Nothing is named that is not there, and no schema stands there for nothing."""
    text = msgspec.json.encode(served_document).decode()
    named = set(re.findall(r'"\$ref":"#/components/(\w+)/(\w+)"', text))
    assert text.count('"$ref"') == len(re.findall(r'"\$ref":"#/components/(\w+)/(\w+)"', text))
    there = {(part, name) for part, found in served_document["components"].items() for name in found}
    assert named <= there
    mapped = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert mapped == set(served_document["components"]["schemas"])


def test_every_operation_is_whole(served_document: Json) -> None:
    """A name of its own, words, an answer of success, a parameter for each place of the path."""
    ids = [operation["operationId"] for _, _, operation in operations(served_document)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(served_document):
        assert operation["summary"], (method, path)
        assert min(operation["responses"]) < "4", (method, path)
        places = (
            [name for name, one in parameters(operation).items() if one["in"] == "path"]
            if "{" in path
            else []
        )
        assert places == re.findall(r"\{(\w+)\}", path), (method, path)
        for one in operation.get("parameters", ()):
            assert "$ref" in one or {"name", "in", "schema"} <= one.keys()


def test_every_route_is_published_and_told() -> None:
    """Each handler says what it does, and no two routes are one."""
    routes = collect_routes()
    document = document_of(routes)
    published = {(method, path) for method, path, _ in operations(document)}
    asked = {(route.method.lower(), re.sub(r":[^}]+", "", route.path)) for route in routes}
    assert len(asked) == len(routes)
    assert asked <= published
    assert not [route.path for route in routes if not route.handler.__doc__]


def test_lists_take_a_limit_and_a_cursor() -> None:
    """Whatever answers a page can be paged, or tells that it never is more than one."""
    for route in collect_routes():
        if "Page[" in repr(route.response):
            assert route.query is not None, route.path
            assert {"limit", "cursor"} <= set(route.query.__struct_fields__), route.path


def test_schemas_hold_only_what_json_schema_knows(served_document: Json) -> None:
    """Types and names of keywords are those of the specification."""

    def look(schema: Json, where: str) -> None:
        assert schema.keys() <= KEYWORDS, (where, schema.keys() - KEYWORDS)
        assert schema.get("type", "string") in JSON_TYPES, where
        for choice in ("anyOf", "oneOf", "allOf"):
            for one in schema.get(choice, ()):
                look(one, where)
        for inner in ("items", "additionalProperties"):
            if isinstance(schema.get(inner), dict):
                look(schema[inner], where)
        for name, one in schema.get("properties", {}).items():
            look(one, f"{where}.{name}")
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), where

    for name, schema in served_document["components"]["schemas"].items():
        look(schema, name)


def test_every_code_of_the_house_is_known() -> None:
    """What routes refuse with is in the vocabulary."""
    for route in collect_routes():
        assert set(route.errors) <= set(ERROR_SPECS), route.path

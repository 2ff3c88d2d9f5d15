"""The OpenAPI document against the routes, and the rules that linters of OpenAPI check."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actors.protocol.errors import ERROR_SPECS
from server.api_docs.openapi import TAG_DESCRIPTIONS, openapi_document
from server.api_docs.untyped_endpoints import UNTYPED_TAGS
from server.http.response import is_page
from server.http.route import Route
from tests.server.api_docs.all_routes import collect_routes
from tests.server.api_docs.toy_routes import ToyRoutes

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


def document_of(routes: list[Route] | tuple[Route, ...]) -> Json:
    document: Json = msgspec.json.decode(
        msgspec.json.encode(openapi_document(routes, "1.2.3", "https://convene.example"))
    )
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
    return {parameter["name"]: parameter for parameter in operation["parameters"] if "name" in parameter}


def codes(response: Json) -> list[str]:
    (content,) = response["content"].values()
    declared: list[str] = content["schema"]["allOf"][1]["properties"]["code"]["enum"]
    return declared


def test_summary_and_description_are_the_docstring(document: Json) -> None:
    """The first sentence is the summary; without a docstring, the name of the handler is."""
    page, make = document["paths"]["/v1/toys"]["get"], document["paths"]["/v1/toys"]["post"]
    assert (page["summary"], page["description"]) == ("List the toys", "Oldest first.")
    assert (make["summary"], make["description"]) == ("Make a toy", "Of `wood`.")
    assert document["paths"]["/v1/boxes"]["post"]["summary"] == "Accept"
    assert document["info"]["version"] == "1.2.3"


def test_operation_ids_and_tags(document: Json) -> None:
    """The id follows the handler, or the path if that id is taken; the tag is the first path segment."""
    by_route = {(method, path): operation for method, path, operation in operations(document)}
    assert by_route["get", "/v1/toys"]["operationId"] == "toy_page"
    assert by_route["get", "/v1/boxes"]["operationId"] == "get_boxes"
    assert by_route["delete", "/v1/toys/{id}/parts/{part_id}"]["tags"] == ["toys"]
    assert {"toys", "boxes"} <= {tag["name"] for tag in document["tags"]}


def test_query_fields_are_parameters(document: Json) -> None:
    """With limits, defaults and descriptions; null is not a value, and lists are separated by commas."""
    query = parameters(document["paths"]["/v1/toys"]["get"])
    assert query["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
    assert query["least"]["schema"] == {"type": "integer", "minimum": 1, "default": 3}
    assert query["cursor"]["schema"] == {"type": "string", "maxLength": 1000}
    assert query["colour"]["schema"] == {"$ref": "#/components/schemas/Colour"}
    assert query["colour"]["description"] == "Only toys of this colour."
    assert query["ids"]["schema"] == {"type": "array", "items": {"type": "string"}, "maxItems": 7}
    assert (query["ids"]["style"], query["ids"]["explode"]) == ("form", False)
    assert not any(parameter.get("required") for parameter in query.values())
    assert parameters(document["paths"]["/v1/boxes"]["get"])["text"]["required"] is True
    assert "ToyQuery" not in document["components"]["schemas"]


def test_path_parameters_have_no_router_patterns(document: Json) -> None:
    """Each placeholder of the path is a required parameter."""
    declared = parameters(document["paths"]["/v1/toys/{id}/parts/{part_id}"]["delete"])
    assert [(name, parameter["in"], parameter["required"]) for name, parameter in declared.items()] == [
        ("id", "path", True),
        ("part_id", "path", True),
    ]


def test_request_bodies_and_success_responses(document: Json) -> None:
    """Every declared success status has the body of the route; 204, and 202 without a type, have none."""
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
    assert schema["description"] == "A toy."
    assert schema["required"] == ["name"]
    assert schema["properties"]["name"] == {"type": "string", "minLength": 1, "maxLength": 9}


def test_headers_are_declared(document: Json) -> None:
    """Idempotency keys, entity tags, page links and rate limits appear where the route has them."""
    toys = document["paths"]["/v1/toys"]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in toys["post"]["parameters"]
    assert {"$ref": "#/components/parameters/IfNoneMatch"} in toys["get"]["parameters"]
    headers = toys["get"]["responses"]["200"]["headers"]
    assert {"ETag", "Link", "RateLimit-Remaining", "X-Request-Id"} <= headers.keys()
    assert toys["get"]["responses"]["304"] == {"$ref": "#/components/responses/NotModified"}
    assert not {"ETag", "Link"} & toys["post"]["responses"]["201"]["headers"].keys()
    unlimited = document["paths"]["/v1/toys/{id}.ics"]["get"]["responses"]
    assert "RateLimit-Remaining" not in unlimited["200"]["headers"]
    assert "429" not in unlimited


def test_error_responses_are_declared(document: Json) -> None:
    """The codes of the route by status, those that its types imply, and a default."""
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


def test_unknown_error_code_is_an_error() -> None:
    """The message names the route and the code."""
    route = Route("GET", "/v1/toys", ToyRoutes().drop, errors=("toy.broken",))
    with pytest.raises(ValueError, match=r"GET /v1/toys .* toy\.broken"):
        openapi_document([route], "1", "https://convene.example")


# --- the served document


def test_references_resolve(served_document: Json) -> None:
    """Every reference names a component, and every schema is referenced."""
    text = msgspec.json.encode(served_document).decode()
    references = set(re.findall(r'"\$ref":"#/components/(\w+)/(\w+)"', text))
    assert text.count('"$ref"') == len(re.findall(r'"\$ref":"#/components/(\w+)/(\w+)"', text))
    defined = {
        (kind, name) for kind, components in served_document["components"].items() for name in components
    }
    assert references <= defined
    schemas = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert schemas == set(served_document["components"]["schemas"])


def test_every_operation_is_complete(served_document: Json) -> None:
    """A unique id, a summary, a known tag, a success response, a parameter for each placeholder."""
    ids = [operation["operationId"] for _, _, operation in operations(served_document)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(served_document):
        assert operation["summary"], (method, path)
        assert not operation["summary"].endswith("."), (method, path)
        assert operation["tags"], (method, path)
        assert min(operation["responses"]) < "4", (method, path)
        path_parameters = (
            [name for name, parameter in parameters(operation).items() if parameter["in"] == "path"]
            if "{" in path
            else []
        )
        assert path_parameters == re.findall(r"\{(\w+)\}", path), (method, path)
        for parameter in operation.get("parameters", ()):
            assert "$ref" in parameter or {"name", "in", "schema"} <= parameter.keys()


def test_info_and_servers_satisfy_linters(served_document: Json) -> None:
    """A licence, a server without a trailing slash, and unique tags that have descriptions."""
    assert served_document["info"]["license"].keys() == {"name", "url"}
    assert served_document["info"]["description"]
    assert [server["url"] for server in served_document["servers"]] == ["https://convene.example"]
    declared = [tag["name"] for tag in served_document["tags"]]
    assert len(declared) == len(set(declared))
    assert all(tag["description"] for tag in served_document["tags"])
    assert {tag for _, _, operation in operations(served_document) for tag in operation["tags"]} == set(
        declared
    )
    assert set(declared) == {*TAG_DESCRIPTIONS, *(tag.name for tag in UNTYPED_TAGS)}


def test_operations_satisfy_linters(served_document: Json) -> None:
    """Security schemes exist, bodies have content, GET has none, and paths have no trailing slash."""
    schemes = served_document["components"]["securitySchemes"].keys()
    assert {name for option in served_document["security"] for name in option} <= schemes
    templates = [re.sub(r"\{\w+\}", "{}", path) for path in served_document["paths"]]
    assert len(templates) == len(set(templates))
    for method, path, operation in operations(served_document):
        assert path.startswith("/"), path
        assert not path.endswith("/"), path
        assert "?" not in path, path
        assert re.fullmatch(r"[A-Za-z0-9_-]+", operation["operationId"]), path
        assert {name for option in operation.get("security", ()) for name in option} <= schemes, path
        assert "requestBody" not in operation or (method != "get" and operation["requestBody"]["content"]), (
            path
        )
        described = operation["responses"].values()
        assert all(response.get("$ref") or response["description"] for response in described), path
        names = [
            (parameter.get("in"), parameter.get("name"), parameter.get("$ref"))
            for parameter in operation.get("parameters", ())
        ]
        assert len(names) == len(set(names)), path


def test_every_route_is_published_with_a_docstring() -> None:
    """No two routes have the same method and path."""
    routes = collect_routes()
    document = document_of(routes)
    published = {(method, path) for method, path, _ in operations(document)}
    served = {(route.method.lower(), re.sub(r":[^}]+", "", route.path)) for route in routes}
    assert len(served) == len(routes)
    assert served <= published
    assert not [route.path for route in routes if not route.handler.__doc__]


def test_lists_take_a_limit_and_a_cursor() -> None:
    """Every route that returns a page has the query parameters of a page."""
    for route in collect_routes():
        if is_page(route.response):
            assert route.query is not None, route.path
            assert {"limit", "cursor"} <= set(route.query.__struct_fields__), route.path


def test_schemas_use_only_json_schema_keywords(served_document: Json) -> None:
    """Types and keywords are those of the specification, and required fields are declared."""

    def check(schema: Json, where: str) -> None:
        assert schema.keys() <= KEYWORDS, (where, schema.keys() - KEYWORDS)
        assert schema.get("type", "string") in JSON_TYPES, where
        for keyword in ("anyOf", "oneOf", "allOf"):
            for choice in schema.get(keyword, ()):
                check(choice, where)
        for inner in ("items", "additionalProperties"):
            if isinstance(schema.get(inner), dict):
                check(schema[inner], where)
        for name, field in schema.get("properties", {}).items():
            check(field, f"{where}.{name}")
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys(), where

    for name, schema in served_document["components"]["schemas"].items():
        check(schema, name)


def test_every_declared_error_code_exists() -> None:
    """Routes declare only codes of `ERROR_SPECS`."""
    for route in collect_routes():
        assert set(route.errors) <= set(ERROR_SPECS), route.path

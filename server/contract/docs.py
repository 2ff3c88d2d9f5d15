"""The page of the contract: the OpenAPI document, for people.

Everything is in the page, also its style and script; it loads nothing and, without script, lacks only
its filter. Never shows what the document does not say.
"""

from pathlib import Path
from typing import Final

from server.contract.document import OpenApi, Operation, Parameter, Reference, RequestBody, Response, Tag
from server.contract.html import Html, element, joined, prose, raw, words
from server.contract.schema_html import anchor_of, fields_html, kind_html, row_html, table_html
from server.contract.schemas import PLACE

STYLE: Final = Path(__file__).with_name("docs.css").read_text("utf-8")
SCRIPT: Final = Path(__file__).with_name("docs.js").read_text("utf-8")


def docs_page(document: OpenApi) -> str:
    """Write the whole page."""
    return "<!doctype html>\n" + element("html", _head(document), _body(document), lang="en")


def _head(document: OpenApi) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{document.info.title}: the contract"),
        raw("style", STYLE),
    )


def _body(document: OpenApi) -> Html:
    info = document.info
    header = element(
        "header",
        element("h1", info.title, " ", element("small", info.version)),
        prose(info.description),
        element("p", element("a", "openapi.json", href="/openapi.json")),
    )
    sections = [_section(document, tag) for tag in document.tags]
    return element(
        "body",
        element("nav", _menu(document), aria_label="Operations"),
        element("main", header, *sections, _schemas(document)),
        raw("script", SCRIPT),
    )


def _of_tag(document: OpenApi, tag: Tag) -> list[tuple[str, str, Operation]]:
    return [
        (method.upper(), path, operation)
        for path, operations in document.paths.items()
        for method, operation in operations.items()
        if tag.name in operation.tags
    ]


def _menu(document: OpenApi) -> Html:
    groups = []
    for tag in document.tags:
        links = [
            element(
                "li",
                element("a", _method(method), " ", element("span", path), href=f"#{operation.operation_id}"),
            )
            for method, path, operation in _of_tag(document, tag)
        ]
        groups.append(element("section", element("h2", tag.name), element("ul", *links)))
    field = element("input", type="search", id="filter", placeholder="Filter", aria_label="Filter", hidden="")
    schemas = element("a", "Schemas", href="#schemas")
    return joined(field, *groups, element("h2", schemas))


def _section(document: OpenApi, tag: Tag) -> Html:
    shown = [_operation(document, *found) for found in _of_tag(document, tag)]
    return element("section", element("h2", tag.name), prose(tag.description), *shown, class_="tag")


def _operation(document: OpenApi, method: str, path: str, operation: Operation) -> Html:
    opened = element("span", "no token", class_="open") if operation.security == () else ""
    summary = element(
        "summary",
        _method(method),
        " ",
        element("code", path),
        " ",
        element("span", words(operation.summary), class_="what"),
        opened,
    )
    # The anchor is inside: a browser opens what hides the place that it goes to.
    inside = element(
        "div",
        prose(operation.description),
        _parameters(document, operation),
        _request(document, operation.request_body),
        _responses(document, operation),
        id=operation.operation_id,
    )
    return element("details", summary, inside, class_="operation")


def _method(method: str) -> Html:
    return element("b", method, class_=f"method {method.lower()}")


def _parameters(document: OpenApi, operation: Operation) -> Html:
    rows = []
    for found in operation.parameters:
        parameter = _parameter(document, found)
        meaning = f"In the {parameter.place}. {parameter.description}".strip()
        rows.append(row_html(parameter.name, parameter.schema, meaning, required=parameter.required))
    return joined(element("h4", "Parameters"), table_html("Name", rows)) if rows else Html()


def _parameter(document: OpenApi, found: Parameter | Reference) -> Parameter:
    if isinstance(found, Parameter):
        return found
    return document.components.parameters[found.ref.rpartition("/")[2]]


def _request(document: OpenApi, body: RequestBody | None) -> Html:
    if body is None:
        return Html()
    shown = [element("h4", "Body")]
    for media_type, content in body.content.items():
        name = content.schema.get("$ref", "").removeprefix(PLACE)
        schema = document.components.schemas.get(name, content.schema)
        shown += [
            element("p", element("code", media_type), " ", kind_html(content.schema), ". ", body.description),
            prose(schema.get("description", "")),
            fields_html(schema),
        ]
    return joined(*shown)


def _responses(document: OpenApi, operation: Operation) -> Html:
    items: list[Html] = []
    for status, found in operation.responses.items():
        response = _response(document, found)
        kinds = [
            joined(" ", kind_html(content.schema), " ", element("small", media_type))
            for media_type, content in response.content.items()
            if not status.startswith(("4", "5", "d"))
        ]
        items += [
            element("dt", status, class_=f"status s{status[0]}"),
            element("dd", words(response.description), *kinds),
        ]
    return joined(element("h4", "Answers"), element("dl", *items))


def _response(document: OpenApi, found: Response | Reference) -> Response:
    if isinstance(found, Response):
        return found
    return document.components.responses[found.ref.rpartition("/")[2]]


def _schemas(document: OpenApi) -> Html:
    shown = [
        element(
            "article",
            element("h3", name),
            prose(schema.get("description", "")),
            fields_html(schema) or element("p", kind_html(schema)),
            id=anchor_of(name),
        )
        for name, schema in document.components.schemas.items()
    ]
    return element("section", element("h2", "Schemas"), *shown, id="schemas")

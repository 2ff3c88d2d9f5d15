"""The page of the routes: the OpenAPI document, for people.

Never shows what the document does not say.
"""

from server.api_docs.html import Html, concat, element, inline, paragraphs
from server.api_docs.openapi_document import (
    OpenApi,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Response,
    Tag,
)
from server.api_docs.page_layout import collapsible, menu, page_header, render_page, schemas_section
from server.api_docs.schema_html import fields_html, row_html, table_html, type_html
from server.api_docs.schemas import SCHEMA_REF_PREFIX


def render_openapi_page(document: OpenApi) -> str:
    """Write the whole page."""
    info = document.info
    links = (("openapi.json", "/openapi.json"), ("The socket", "/docs/socket"))
    return render_page(
        f"{info.title}: the contract",
        menu([(tag.name, _links(document, tag)) for tag in document.tags]),
        page_header(info.title, info.version, info.description, *links),
        *(_section(document, tag) for tag in document.tags),
        schemas_section(document.components.schemas),
    )


def _tagged_operations(document: OpenApi, tag: Tag) -> list[tuple[str, str, Operation]]:
    return [
        (method.upper(), path, operation)
        for path, operations in document.paths.items()
        for method, operation in operations.items()
        if tag.name in operation.tags
    ]


def _links(document: OpenApi, tag: Tag) -> list[tuple[Html, str]]:
    return [
        (concat(_method(method), " ", element("span", path)), operation.operation_id)
        for method, path, operation in _tagged_operations(document, tag)
    ]


def _section(document: OpenApi, tag: Tag) -> Html:
    shown = [_operation(document, *found) for found in _tagged_operations(document, tag)]
    return element("section", element("h2", tag.name), paragraphs(tag.description), *shown, class_="tag")


def _operation(document: OpenApi, method: str, path: str, operation: Operation) -> Html:
    opened = element("span", "no token", class_="open") if operation.security == () else ""
    opening = concat(
        _method(method),
        " ",
        element("code", path),
        " ",
        element("span", inline(operation.summary), class_="what"),
        opened,
    )
    inside = (
        paragraphs(operation.description),
        _parameters(document, operation),
        _request(document, operation.request_body),
        _responses(document, operation),
    )
    return collapsible(opening, inside, operation.operation_id)


def _method(method: str) -> Html:
    return element("b", method, class_=f"method {method.lower()}")


def _parameters(document: OpenApi, operation: Operation) -> Html:
    rows = []
    for found in operation.parameters:
        parameter = _parameter(document, found)
        meaning = f"In the {parameter.location}. {parameter.description}".strip()
        rows.append(row_html(parameter.name, parameter.schema, meaning, required=parameter.required))
    return concat(element("h4", "Parameters"), table_html("Name", rows)) if rows else Html()


def _parameter(document: OpenApi, reference: Parameter | Reference) -> Parameter:
    if isinstance(reference, Parameter):
        return reference
    return document.components.parameters[reference.ref.rpartition("/")[2]]


def _request(document: OpenApi, body: RequestBody | None) -> Html:
    if body is None:
        return Html()
    shown = [element("h4", "Body")]
    for media_type, content in body.content.items():
        name = content.schema.get("$ref", "").removeprefix(SCHEMA_REF_PREFIX)
        schema = document.components.schemas.get(name, content.schema)
        shown += [
            element("p", element("code", media_type), " ", type_html(content.schema), ". ", body.description),
            paragraphs(schema.get("description", "")),
            fields_html(schema),
        ]
    return concat(*shown)


def _responses(document: OpenApi, operation: Operation) -> Html:
    items: list[Html] = []
    for status, found in operation.responses.items():
        response = _response(document, found)
        kinds = [
            concat(" ", type_html(content.schema), " ", element("small", media_type))
            for media_type, content in response.content.items()
            if not status.startswith(("4", "5", "d"))
        ]
        items += [
            element("dt", status, class_=f"status s{status[0]}"),
            element("dd", inline(response.description), *kinds),
        ]
    return concat(element("h4", "Answers"), element("dl", *items))


def _response(document: OpenApi, reference: Response | Reference) -> Response:
    if isinstance(reference, Response):
        return reference
    return document.components.responses[reference.ref.rpartition("/")[2]]

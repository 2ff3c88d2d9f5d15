"""The page of the routes: the OpenAPI document, for people.

Never shows what the document does not say.
"""

from server.contract.document import OpenApi, Operation, Parameter, Reference, RequestBody, Response, Tag
from server.contract.html import Html, element, joined, prose, words
from server.contract.page import details, header, menu, page, schemas_section
from server.contract.schema_html import fields_html, kind_html, row_html, table_html
from server.contract.schemas import PLACE


def docs_page(document: OpenApi) -> str:
    """Write the whole page."""
    info = document.info
    links = (("openapi.json", "/openapi.json"), ("The socket", "/docs/socket"))
    return page(
        f"{info.title}: the contract",
        menu([(tag.name, _links(document, tag)) for tag in document.tags]),
        header(info.title, info.version, info.description, *links),
        *(_section(document, tag) for tag in document.tags),
        schemas_section(document.components.schemas),
    )


def _of_tag(document: OpenApi, tag: Tag) -> list[tuple[str, str, Operation]]:
    return [
        (method.upper(), path, operation)
        for path, operations in document.paths.items()
        for method, operation in operations.items()
        if tag.name in operation.tags
    ]


def _links(document: OpenApi, tag: Tag) -> list[tuple[Html, str]]:
    return [
        (joined(_method(method), " ", element("span", path)), operation.operation_id)
        for method, path, operation in _of_tag(document, tag)
    ]


def _section(document: OpenApi, tag: Tag) -> Html:
    shown = [_operation(document, *found) for found in _of_tag(document, tag)]
    return element("section", element("h2", tag.name), prose(tag.description), *shown, class_="tag")


def _operation(document: OpenApi, method: str, path: str, operation: Operation) -> Html:
    opened = element("span", "no token", class_="open") if operation.security == () else ""
    opening = joined(
        _method(method),
        " ",
        element("code", path),
        " ",
        element("span", words(operation.summary), class_="what"),
        opened,
    )
    inside = (
        prose(operation.description),
        _parameters(document, operation),
        _request(document, operation.request_body),
        _responses(document, operation),
    )
    return details(opening, inside, operation.operation_id)


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

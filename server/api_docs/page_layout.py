"""What all pages of the contract have: head, menu, schemas, style and script.

Everything is in the page; it loads nothing and, without script, lacks only its filter. Never knows which
document it shows.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from server.api_docs.html import Html, concat, element, join_with, paragraphs, raw_element
from server.api_docs.openapi_document import Schema
from server.api_docs.schema_html import anchor_of, fields_html, type_html

PAGE_STYLE: Final = Path(__file__).with_name("docs.css").read_text("utf-8")
PAGE_SCRIPT: Final = Path(__file__).with_name("docs.js").read_text("utf-8")


def render_page(title: str, menu: Html, *parts: Html) -> str:
    """Write a whole page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", tag="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        raw_element("style", PAGE_STYLE),
    )
    body = element(
        "body",
        element("nav", menu, aria_label="Operations"),
        element("main", *parts),
        raw_element("script", PAGE_SCRIPT),
    )
    return "<!doctype html>\n" + element("html", head, body, lang="en")


def page_header(title: str, version: str, description: str, *links: tuple[str, str]) -> Html:
    """The head of what is read; `links` are words and addresses."""
    shown = [element("a", words, href=address) for words, address in links]
    return element(
        "header",
        element("h1", title, " ", element("small", version)),
        paragraphs(description),
        element("p", join_with(" \u00b7 ", shown)),
    )


def menu(groups: Sequence[tuple[str, Sequence[tuple[Html, str]]]]) -> Html:
    """Groups of links by title, each link with the id that it leads to; then the schemas."""
    field = element("input", type="search", id="filter", placeholder="Filter", aria_label="Filter", hidden="")
    shown = [
        element(
            "section",
            element("h2", title),
            element("ul", *(element("li", element("a", words, href=f"#{to}")) for words, to in links)),
        )
        for title, links in groups
    ]
    return concat(field, *shown, element("h2", element("a", "Schemas", href="#schemas")))


def collapsible(opening: Html, content: Sequence[Html], anchor: str) -> Html:
    """What is folded until it is asked for."""
    # The anchor is inside: a browser opens what hides the place that it goes to.
    return element(
        "details", element("summary", opening), element("div", *content, id=anchor), class_="operation"
    )


def schemas_section(schemas: Mapping[str, Schema]) -> Html:
    shown = [
        element(
            "article",
            element("h3", name),
            paragraphs(schema.get("description", "")),
            fields_html(schema) or element("p", type_html(schema)),
            id=anchor_of(name),
        )
        for name, schema in schemas.items()
    ]
    return element("section", element("h2", "Schemas"), *shown, id="schemas")

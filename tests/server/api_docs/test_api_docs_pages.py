"""The contract over HTTP: the document and its page."""

import re
from base64 import b64encode
from collections.abc import Awaitable, Callable
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from config.limits import Limits
from server.api_docs.endpoints import AsyncApiEndpoints, OpenApiEndpoints
from server.api_docs.html import concat, element, paragraphs
from server.http.route import Route
from server.http.typed_request import ResponseWithStatus, TypedRequest
from tests.server.api_docs.all_routes import collect_routes

Client = TestClient[Any, Any]


class MarkupDocstring(msgspec.Struct):
    """A <script>alert(1)</script> & `<b>`."""

    name: str


@pytest.fixture
async def client(aiohttp_client: Callable[[web.Application], Awaitable[Client]]) -> Client:
    async def trap(call: TypedRequest[MarkupDocstring, None]) -> ResponseWithStatus:
        """Lay a <img src=x>."""
        raise NotImplementedError

    pages = OpenApiEndpoints(
        [*collect_routes(), Route("POST", "/v1/traps", trap, body=MarkupDocstring, response=MarkupDocstring)],
        "1.2.3",
    )
    socket = AsyncApiEndpoints("1.2.3", "http://convene.test", Limits())
    app = web.Application()
    app.router.add_get("/openapi.json", pages.openapi)
    app.router.add_get("/docs", pages.docs)
    app.router.add_get("/asyncapi.json", socket.asyncapi)
    app.router.add_get("/docs/socket", socket.docs)
    return await aiohttp_client(app)


class PageParser(HTMLParser):
    """Checks that all that is opened is closed, and collects what a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in {"meta", "input"}:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src"}:
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parse_page(page: str) -> PageParser:
    reader = PageParser()
    reader.feed(page)
    assert reader.open == []
    return reader


@pytest.mark.parametrize(
    ("path", "kind", "version"),
    [("/openapi.json", "openapi", "3.1.0"), ("/asyncapi.json", "asyncapi", "3.0.0")],
)
async def test_document_needs_no_token_and_is_asked_for_once(
    client: Client, path: str, kind: str, version: str
) -> None:
    """JSON with a tag; whoever has it is not sent it again."""
    response = await client.get(path)
    document = await response.json()
    assert (document[kind], document["info"]["version"]) == (version, "1.2.3")
    again = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")


async def test_page_shows_every_operation_and_schema(client: Client) -> None:
    """Each has a place of its own, and every link on the page leads to one."""
    document = await (await client.get("/openapi.json")).json()
    page = parse_page(await (await client.get("/docs")).text())
    assert len(page.ids) == len(set(page.ids))
    ids = {one["operationId"] for methods in document["paths"].values() for one in methods.values()}
    assert ids <= set(page.ids)
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= set(page.ids)
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)


async def test_page_of_the_socket_shows_every_message_and_schema(client: Client) -> None:
    """Each has a place of its own with its sample, and so has each close code; every link leads to one."""
    document = await (await client.get("/asyncapi.json")).json()
    text = await (await client.get("/docs/socket")).text()
    page = parse_page(text)
    assert len(page.ids) == len(set(page.ids))
    assert document["components"]["messages"].keys() <= set(page.ids)
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= set(page.ids)
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert text.count("<pre>") == len(document["components"]["messages"])
    for one in document["channels"]["socket"]["x-close-codes"]:
        assert f"<code>{one['code']}</code>" in text


@pytest.mark.parametrize(
    ("path", "links"),
    [("/docs", {"/openapi.json", "/docs/socket"}), ("/docs/socket", {"/asyncapi.json", "/docs"})],
)
async def test_page_loads_nothing(client: Client, path: str, links: set[str]) -> None:
    """Its own style and script are all that it may run, and nothing else is named."""
    response = await client.get(path)
    text = await response.text()
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in "".join(policy)
    for name, directive in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        assert f"{directive} 'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'" in policy
    page = parse_page(text)
    assert {link for link in page.links if not link.startswith("#")} == links
    assert "style" not in page.attributes
    assert not {name for name in page.attributes if name.startswith("on")}
    assert "@import" not in text
    assert "url(" not in text


async def test_what_docstrings_hold_is_text(client: Client) -> None:
    """Markup in words is shown, not obeyed."""
    text = await (await client.get("/docs")).text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <code>&lt;b&gt;</code>" in text
    assert "<img" not in text


def test_elements_escape_what_is_no_element() -> None:
    """Children, attributes and prose; what is an element stays one."""
    inner = element("b", "<i>")
    assert inner == "<b>&lt;i&gt;</b>"
    assert element("p", inner, "&", class_='a"b') == '<p class="a&quot;b"><b>&lt;i&gt;</b>&amp;</p>'
    assert concat("<", inner) == "&lt;<b>&lt;i&gt;</b>"
    assert paragraphs("a `<x>`\n\nb") == "<p>a <code>&lt;x&gt;</code></p><p>b</p>"

"""The documents, their pages and the vendored viewer over HTTP."""

from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from config.limits import Limits
from server.api_docs.endpoints import VIEWER_FILE, VIEWER_PATH, ApiDocs
from tests.server.api_docs.all_routes import collect_routes

Client = TestClient[Any, Any]


@pytest.fixture
async def client(aiohttp_client: Callable[[web.Application], Awaitable[Client]]) -> Client:
    app = web.Application()
    ApiDocs(collect_routes(), "1.2.3", "http://convene.test", Limits()).add_routes(app.router)
    return await aiohttp_client(app)


class PageParser(HTMLParser):
    """Collects links, attribute names and the content of script and style elements."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.inline: list[str] = []
        self._element = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element = tag
        for name, value in attrs:
            self.attributes.add(name)
            if name in {"href", "src", "spec-url"}:
                self.links.add(value or "")

    def handle_data(self, data: str) -> None:
        if self._element in {"script", "style"} and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._element = ""


@pytest.mark.parametrize(
    ("path", "kind", "version"),
    [("/openapi.json", "openapi", "3.1.0"), ("/asyncapi.json", "asyncapi", "3.1.0")],
)
async def test_document_is_public_json(client: Client, path: str, kind: str, version: str) -> None:
    """No token is needed, and the document carries the version of the server."""
    document = await (await client.get(path)).json()
    assert (document[kind], document["info"]["version"]) == (version, "1.2.3")


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json", "/docs", "/docs/socket", VIEWER_PATH])
async def test_matching_entity_tag_returns_not_modified(client: Client, path: str) -> None:
    """A caller with the current body gets 304 without a body."""
    response = await client.get(path)
    again = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize(
    ("path", "document_path"), [("/docs", "/openapi.json"), ("/docs/socket", "/asyncapi.json")]
)
async def test_page_loads_the_viewer_and_its_document_only(
    client: Client, path: str, document_path: str
) -> None:
    """Nothing is inline, nothing comes from another origin, and telemetry is off."""
    text = await (await client.get(path)).text()
    page = PageParser()
    page.feed(text)
    assert page.links == {document_path, VIEWER_PATH}
    assert page.inline == []
    assert "style" not in page.attributes
    assert not {name for name in page.attributes if name.startswith("on")}
    assert 'disable-telemetry="true"' in text
    for link in page.links:
        assert (await client.get(link)).status == 200


@pytest.mark.parametrize("path", ["/docs", "/docs/socket"])
async def test_page_policy_allows_scripts_and_requests_of_this_origin_only(client: Client, path: str) -> None:
    """Only styles may be inline, because Redoc inserts them; the page cannot be framed."""
    response = await client.get(path)
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert [name for name, value in policy.items() if "unsafe" in value] == ["style-src"]
    assert not any("://" in value or "*" in value for value in policy.values())
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_viewer_is_served_as_vendored(client: Client) -> None:
    """The script is a JavaScript module with the bytes of the file."""
    response = await client.get(VIEWER_PATH)
    assert response.content_type == "text/javascript"
    assert await response.read() == VIEWER_FILE.read_bytes()


def test_viewer_is_pinned_with_its_licence() -> None:
    """The lock pins one version with a hash and names no registry; the licence is in the same folder."""
    folder = VIEWER_FILE.parent
    lock = msgspec.json.decode((folder / "package-lock.json").read_bytes())
    pinned = lock["packages"][""]["dependencies"]["redoc"]
    package = lock["packages"]["node_modules/redoc"]
    assert (package["version"], package["integrity"][:7]) == (pinned, "sha512-")
    assert f"`{pinned}`" in VIEWER_FILE.read_text("utf-8")
    assert "://" not in (folder / "package-lock.json").read_text()
    assert (folder / "redoc.LICENSE.txt").read_text().startswith("The MIT License")

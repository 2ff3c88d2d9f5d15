"""The web client: what is served, under which policy, and what its sources may hold."""

import re
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from server.application import add_response_headers, error_middleware
from server.web_client import CONTENT_TYPES, WEB_FOLDER, WebClient

Client = TestClient[Any, Any]
SCRIPTS = sorted(WEB_FOLDER.rglob("*.js"))
STYLES = sorted(WEB_FOLDER.rglob("*.css"))
IMPORT = re.compile(r"""^import\b[^;"]*"([^"]+)";|\bimport\("([^"]+)"\)""", re.MULTILINE)
NAMES = re.compile(r"^import \{([^}]+)\} from \"([^\"]+)\";", re.MULTILINE)
NAMESPACE = "http://www.w3.org/2000/svg"
MARKUP = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|parseHTMLUnsafe|createContextualFragment"
    r"|DOMParser|srcdoc|execCommand)\b|\bdocument\.write"
)
CODE = re.compile(r"\beval\s*\(|\bnew Function\b|\bFunction\s*\(|set(?:Timeout|Interval)\s*\(\s*[\"'`]")
COMMENTS = re.compile(r"^\s*//.*$", re.MULTILINE)


@pytest.fixture
async def client(aiohttp_client: Callable[[web.Application], Awaitable[Client]]) -> Client:
    served = WebClient()
    app = web.Application(middlewares=[error_middleware])
    app.on_response_prepare.append(add_response_headers)
    app.router.add_get("/", served.index)
    app.router.add_get("/web/{name:.+}", served.file)
    return await aiohttp_client(app)


class PageParser(HTMLParser):
    """Collects what a page names, and the text inside of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.inside = ""
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        for name, value in attrs:
            self.attributes.add(name)
            if name in {"href", "src"}:
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in {"script", "style"} and data.strip():
            self.inline.append(data)


def strip_comments(path: Path) -> str:
    return COMMENTS.sub("", path.read_text("utf-8"))


async def test_page_may_load_and_run_only_what_this_server_gives(client: Client) -> None:
    """A strict policy, no referrer, no sniffing, and nothing kept without asking."""
    response = await client.get("/")
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    for directive in ("script-src", "style-src", "connect-src"):
        assert policy[directive] == "'self'"
    for directive in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy[directive] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in "".join(policy.values())
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "no-cache" in response.headers["Cache-Control"]
    assert response.content_type == "text/html"


async def test_every_file_has_its_type_and_its_tag(client: Client) -> None:
    """Whoever has a file is not sent it again."""
    names = {
        path.relative_to(WEB_FOLDER).as_posix()
        for path in WEB_FOLDER.rglob("*")
        if path.suffix in CONTENT_TYPES
    }
    assert "app.js" in names
    assert names == WebClient().names
    for name in sorted(names):
        response = await client.get(f"/web/{name}")
        assert (response.status, response.headers["Content-Type"]) == (200, CONTENT_TYPES[Path(name).suffix])
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert await response.read() == (WEB_FOLDER / name).read_bytes()
        again = await client.get(f"/web/{name}", headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/web/nothing.js", "/web/app.js/", "/web/%2e%2e/run.py", "/web/..%2fserver/web.py", "/web//app.js"],
)
async def test_unknown_file_is_a_problem(client: Client, path: str) -> None:
    """A name is looked up, never opened: what is not there is 404 with a code."""
    response = await client.get(path)
    assert (response.status, response.content_type) == (404, "application/problem+json")
    assert (await response.json())["code"] == "route.not_found"


async def test_head_asks_for_the_headers_alone(client: Client) -> None:
    """HEAD answers as GET would, without the body."""
    response = await client.head("/web/app.js")
    assert (response.status, await response.read()) == (200, b"")
    assert response.headers["ETag"] == (await client.get("/web/app.js")).headers["ETag"]


def test_files_are_read_once(tmp_path: Path) -> None:
    """What comes later, and what is of another kind, is not served."""
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "secret.env").write_text("no")
    served = WebClient(tmp_path)
    (tmp_path / "later.js").write_text("")
    assert served.names == {"index.html"}


def test_page_holds_no_script_and_no_style() -> None:
    """Neither inline nor in attributes, and all that it names is served from here."""
    page = PageParser()
    page.feed((WEB_FOLDER / "index.html").read_text("utf-8"))
    assert page.inline == []
    assert "style" not in page.attributes
    assert not {name for name in page.attributes if name.startswith("on")}
    assert page.links
    names = WebClient().names
    for link in page.links:
        assert link == "/docs" or link.removeprefix("/web/") in names, link


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_FOLDER).as_posix())
def test_no_text_becomes_markup_or_code(path: Path) -> None:
    """What people write is put in as text, and nothing is run that is not a file."""
    code = strip_comments(path)
    assert not MARKUP.search(code)
    assert not CODE.search(code)
    assert not re.search(r"setAttribute\(\s*[\"'`](on|style)", code)
    assert "javascript:" not in code


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_FOLDER).as_posix())
def test_every_import_resolves(path: Path) -> None:
    """A module imports files that are there, and from them names that they export."""
    code = strip_comments(path)
    for match in IMPORT.finditer(code):
        name = match.group(1) or match.group(2)
        assert name.startswith(("./", "../")), name
        assert (path.parent / name).resolve() in SCRIPTS, name
    for names, source in NAMES.findall(code):
        exporting = (path.parent / source).resolve().read_text("utf-8")
        for name in (one.strip() for one in names.split(",") if one.strip()):
            exported = rf"^export (async )?(class|function|const) {re.escape(name)}\b"
            assert re.search(exported, exporting, re.MULTILINE), name
            assert len(re.findall(rf"\b{re.escape(name)}\b", code)) > 1, f"{name} is not used"


def test_every_script_is_reached() -> None:
    """What `app.js` does not need, however indirectly, is dead."""
    reached: set[Path] = set()
    waiting = [WEB_FOLDER / "app.js"]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            found = IMPORT.finditer(strip_comments(path))
            waiting += [(path.parent / (one.group(1) or one.group(2))).resolve() for one in found]
    assert reached == set(SCRIPTS)


def test_nothing_comes_from_elsewhere() -> None:
    """Styles and scripts name no other host and load nothing."""
    for path in STYLES:
        assert not re.search(r"@import|url\(|//", path.read_text("utf-8")), path
    for path in SCRIPTS:
        # The name of a namespace is no place that is asked.
        assert not re.search(r"[\"'`](?:https?:)?//", strip_comments(path).replace(NAMESPACE, "")), path


def test_token_goes_into_no_address() -> None:
    """It is written into a header and into the first frame, never behind a `?`."""
    for path in SCRIPTS:
        assert not re.search(r"[?&](?:access_)?token=|searchParams.*token", strip_comments(path)), path


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_FOLDER).as_posix())
def test_every_script_opens_with_what_it_is(path: Path) -> None:
    """The first line says it, and no file is large."""
    text = path.read_text("utf-8")
    assert text.startswith("// ")
    assert text.count("\n") < 300

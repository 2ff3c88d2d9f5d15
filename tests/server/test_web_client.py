"""The browser client: what is served, under which policy, and what its sources may contain."""

import asyncio
import gzip
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from server import web_client
from server.application import add_response_headers, error_middleware
from server.instance import Instance
from server.web_bundle import make_bundle
from server.web_client import (
    CONTENT_TYPES,
    FILE_TYPES,
    INDEX_FILE,
    LOCALES_FOLDER,
    SERVICE_WORKER_FILE,
    WEB_FOLDER,
    WebClient,
)

Client = TestClient[Any, Any]
VENDORED = sorted((WEB_FOLDER / "vendor").rglob("*.js"))
SCRIPTS = sorted(set(WEB_FOLDER.rglob("*.js")) - {*VENDORED, WEB_FOLDER / SERVICE_WORKER_FILE})
STYLES = sorted(WEB_FOLDER.rglob("*.css"))
LOCALES = sorted((WEB_FOLDER / LOCALES_FOLDER).glob("*.json"))
BUNDLE = re.compile(r"/web/bundle-[0-9a-f]{16}\.\w+")
IMPORT = re.compile(r"""^import\b[^;"]*"([^"]+)";|\bimport\("([^"]+)"\)""", re.MULTILINE)
NAMES = re.compile(r"^import \{([^}]+)\} from \"([^\"]+)\";", re.MULTILINE)
NAMESPACE = "http://www.w3.org/2000/svg"
MAP = "https://www.openstreetmap.org/"
MARKUP = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|parseHTMLUnsafe|createContextualFragment"
    r"|DOMParser|srcdoc|execCommand(?!\(.(?:insertText|delete)\b))\b|\bdocument\.write"
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
    """Collects the links and attributes of a page, and the text inside of its scripts and styles."""

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


def code_of(path: Path) -> str:
    return COMMENTS.sub("", path.read_text("utf-8"))


async def test_policy_allows_only_this_server(client: Client) -> None:
    """The page has a strict policy, sends no referrer and is revalidated on every load."""
    response = await client.get("/")
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    for directive in ("script-src", "style-src", "connect-src"):
        assert policy[directive] == "'self'"
    for directive in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy[directive] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "service-worker"
    assert "unsafe" not in "".join(policy.values())
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "no-cache" in response.headers["Cache-Control"]
    assert response.content_type == "text/html"


async def test_every_file_has_its_type_and_an_etag(client: Client) -> None:
    """A client that has the current version of a file gets 304."""
    names = {
        path.relative_to(WEB_FOLDER).as_posix() for path in WEB_FOLDER.rglob("*") if path.suffix in FILE_TYPES
    }
    assert "app.js" in names
    assert names == WebClient().names
    for name in sorted(names):
        response = await client.get(f"/web/{name}")
        assert (response.status, response.headers["Content-Type"]) == (200, CONTENT_TYPES[Path(name).suffix])
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        if name != INDEX_FILE:
            assert await response.read() == (WEB_FOLDER / name).read_bytes()
        again = await client.get(f"/web/{name}", headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")


async def test_bundles_never_change(client: Client) -> None:
    """What the page loads, and what its script names, have a hash in their names."""
    page = PageParser()
    page.feed(await (await client.get("/")).text())
    bundles = [link for link in page.links if link.endswith((".js", ".css"))]
    assert [re.sub(r"[0-9a-f]{16}", "<hash>", link) for link in bundles] == [
        "/web/bundle-<hash>.js",
        "/web/bundle-<hash>.js",
        "/web/bundle-<hash>.css",
    ]
    bundles += BUNDLE.findall(await (await client.get(bundles[0])).text())
    assert sum(link.endswith(".json") for link in bundles) == len(LOCALES)
    for link in bundles:
        response = await client.get(link)
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip, br;q=0", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
    ],
)
async def test_files_are_compressed_where_accepted(
    client: Client, accepted: str, encoding: str | None
) -> None:
    """Compressed and plain responses have the same content and different tags."""
    response = await client.get("/web/app.js", headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.headers["Vary"] == "Accept-Encoding"
    assert await response.read() == (WEB_FOLDER / "app.js").read_bytes()


async def test_file_is_compressed_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the first clients ask for it, also at the same time."""
    compressed: list[bytes] = []

    def compress(body: bytes, mtime: float) -> bytes:
        compressed.append(body)
        return gzip.compress(body, mtime=mtime)

    monkeypatch.setattr(web_client, "gzip", SimpleNamespace(compress=compress))
    responses = await asyncio.gather(
        *(client.get("/web/app.js", headers={"Accept-Encoding": "gzip"}) for _ in range(5))
    )
    bodies = [await response.read() for response in responses]
    assert bodies == [(WEB_FOLDER / "app.js").read_bytes()] * 5
    assert len(compressed) == 1


def real_bundle() -> dict[str, bytes]:
    paths = [*SCRIPTS, *VENDORED, *STYLES, *LOCALES]
    sources = {path.relative_to(WEB_FOLDER).as_posix(): path.read_text("utf-8") for path in paths}
    return make_bundle((WEB_FOLDER / INDEX_FILE).read_text("utf-8"), sources).files


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_script_bundles_are_valid_modules(tmp_path: Path) -> None:
    """Node parses the bundles of the real client."""
    for name, body in real_bundle().items():
        if name.endswith(".js"):
            path = tmp_path / f"{name}.mjs"
            path.write_bytes(body)
            subprocess.run(["node", "--check", path], check=True)


def test_each_module_is_in_one_bundle() -> None:
    """So each runs once, and no byte is loaded twice."""
    scripts = [body.decode() for name, body in real_bundle().items() if name.endswith(".js")]
    modules = [name for script in scripts for name in re.findall(r'^\$\["(.*?)"\] = ', script, re.MULTILINE)]
    paths = [path.relative_to(WEB_FOLDER).as_posix() for path in [*SCRIPTS, *VENDORED]]
    assert sorted(modules) == sorted(paths)


async def test_service_worker_may_answer_for_the_page(client: Client) -> None:
    """Its scope is the page, it is never kept without asking, and no other file has that header."""
    worker = await client.get(f"/web/{SERVICE_WORKER_FILE}")
    assert worker.headers["Service-Worker-Allowed"] == "/"
    assert "no-cache" in worker.headers["Cache-Control"]
    assert "Service-Worker-Allowed" not in (await client.get("/web/app.js")).headers


def test_one_policy_returns_the_address_of_the_service_worker() -> None:
    """Scripts create one trusted-types policy, which ignores its argument."""
    policies = [made for path in SCRIPTS for made in re.findall(r"createPolicy\?*\.?\(.*", code_of(path))]
    assert policies == ['createPolicy("service-worker", { createScriptURL: () => WORKER });']
    installation = code_of(WEB_FOLDER / "components/installation.js")
    assert f'const WORKER = "/web/{SERVICE_WORKER_FILE}";' in installation


async def test_first_load_is_small(client: Client) -> None:
    """The page, its scripts, its stylesheet and the texts of any language are less than 55 kB on the wire."""
    page = await (await client.get("/")).text()
    paths = ["/", *BUNDLE.findall(page)]
    texts = [path for path in BUNDLE.findall(await (await client.get(paths[1])).text()) if "json" in path]
    sizes = {}
    for path in [*paths, *texts]:
        response = await client.get(path, headers={"Accept-Encoding": "br"})
        sizes[path] = int(response.headers["Content-Length"])
    assert sum(sizes[path] for path in paths) + max(sizes[path] for path in texts) < 55_000


PAGE = """<!doctype html>
<html>
  <head>
    <link rel="stylesheet" href="/web/a.css">
    <link rel="stylesheet" href="/web/b.css">
    <script type="module" src="/web/boot.js"></script>
  </head>
</html>
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_bundles_run_modules_in_the_order_of_their_imports(tmp_path: Path) -> None:
    """Exports reach their importers, and each module runs once, also what two imports on demand share."""
    bundle = make_bundle(
        PAGE,
        {
            "a.css": "a {}",
            "b.css": "b {}",
            "boot.js": 'import("./app.js").then(({ start }) => start());\n',
            "app.js": 'import { double } from "./lib/math.js";\n'
            'import { add } from "./lib/base.js";\n\n'
            "export async function start() {\n  console.log(double(2), add(1, 1));\n"
            '  await Promise.all([import("./views/one.js"), import("./views/two.js")]);\n}\n',
            "lib/math.js": 'import {\n  add,\n} from "./base.js";\n\n'
            "// Twice.\nexport function double(one) {\n  return add(one, one);\n}\n",
            "lib/base.js": 'console.log("base");\n\nexport const add = (one, other) => one + other;\n',
            "lib/shared.js": 'console.log("shared");\n\nexport const shared = 5;\n',
            "views/one.js": 'import { shared } from "../lib/shared.js";\n\nconsole.log("one", shared);\n',
            "views/two.js": 'import { double } from "../lib/math.js";\n'
            'import { shared } from "../lib/shared.js";\n\nconsole.log("two", double(shared));\n',
        },
    )
    assert sum(name.endswith(".js") for name in bundle.files) == len(("boot", "app", "shared", "one", "two"))
    # Node imports paths of the file system.
    for name, body in bundle.files.items():
        (tmp_path / name).write_text(body.decode().replace("/web/", f"{tmp_path}/"))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    first = BUNDLE.findall(bundle.page.decode())[0].removeprefix("/web/")
    output = subprocess.run(["node", tmp_path / first], check=True, capture_output=True, text=True).stdout
    lines = output.splitlines()
    assert lines[:3] == ["base", "4 2", "shared"]
    assert sorted(lines[3:]) == ["one 5", "two 10"]
    assert b"a {}b {}" in bundle.files.values()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('import * as all from "./other.js";\n', "unsupported"),
        ("export default 1;\n", "unsupported"),
        ("import(name);\n", "unsupported"),
        ('import { boot } from "./boot.js";\n', "cycle"),
    ],
)
def test_bundle_rejects_unsupported_modules(source: str, message: str) -> None:
    """A module in another form stops the server at its start instead of breaking the page."""
    with pytest.raises(ValueError, match=message):
        make_bundle(PAGE, {"a.css": "", "b.css": "", "boot.js": source})


@pytest.mark.parametrize(
    "path",
    ["/web/nothing.js", "/web/app.js/", "/web/%2e%2e/run.py", "/web/..%2fserver/web.py", "/web//app.js"],
)
async def test_unknown_file_is_a_problem(client: Client, path: str) -> None:
    """Names are looked up in memory; unknown ones are 404 with a code."""
    response = await client.get(path)
    assert (response.status, response.content_type) == (404, "application/problem+json")
    assert (await response.json())["code"] == "route.not_found"


async def test_head_returns_the_headers_of_get(client: Client) -> None:
    """HEAD has the headers of GET and no body."""
    response = await client.head("/web/app.js")
    assert (response.status, await response.read()) == (200, b"")
    assert response.headers["ETag"] == (await client.get("/web/app.js")).headers["ETag"]


def test_files_are_read_once(tmp_path: Path) -> None:
    """Files that are added later, and files of other types, are not served."""
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "secret.env").write_text("no")
    served = WebClient(tmp_path)
    (tmp_path / "later.js").write_text("")
    assert served.names == {"index.html"}


def test_page_has_no_inline_script_or_style() -> None:
    """Neither in elements nor in attributes, and every link is served by this server."""
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
    """Scripts insert text only as text nodes and evaluate no strings."""
    code = code_of(path)
    assert not MARKUP.search(code)
    assert not CODE.search(code)
    assert not re.search(r"setAttribute\(\s*[\"'`](on|style)", code)
    assert "javascript:" not in code


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_FOLDER).as_posix())
def test_every_import_resolves(path: Path) -> None:
    """Imported files exist, they export the imported names, and the names are used."""
    code = code_of(path)
    for match in IMPORT.finditer(code):
        name = match.group(1) or match.group(2)
        assert name.startswith(("./", "../")), name
        assert (path.parent / name).resolve() in {*SCRIPTS, *VENDORED}, name
    for names, source in NAMES.findall(code):
        exporting = (path.parent / source).resolve().read_text("utf-8")
        for name in (entry.strip() for entry in names.split(",") if entry.strip()):
            exported = rf"^export (async )?(class|function|const) {re.escape(name)}\b"
            assert re.search(exported, exporting, re.MULTILINE), name
            assert len(re.findall(rf"\b{re.escape(name)}\b", code)) > 1, f"{name} is not used"


def test_every_script_is_reached() -> None:
    """Every script is imported by `boot.js`, directly or indirectly, and no vendored one is left over."""
    reached: set[Path] = set()
    waiting = [WEB_FOLDER / "boot.js"]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached.add(path)
            imports = IMPORT.finditer(code_of(path))
            waiting += [(path.parent / (match.group(1) or match.group(2))).resolve() for match in imports]
    assert reached == {*SCRIPTS, *VENDORED}


def test_no_file_names_another_host() -> None:
    """Styles and scripts load nothing from other hosts."""
    for path in STYLES:
        assert not re.search(r"@import|url\(|//", path.read_text("utf-8")), path
    for path in SCRIPTS:
        # An XML namespace is not requested, the map only when a user follows the link.
        code = code_of(path).replace(NAMESPACE, "").replace(MAP, "")
        assert not re.search(r"[\"'`](?:https?:)?//", code), path


def test_token_is_in_no_url() -> None:
    """It is sent in a header and in the first frame, never in a query."""
    for path in SCRIPTS:
        assert not re.search(r"[?&](?:access_)?token=|searchParams.*token", code_of(path)), path


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.relative_to(WEB_FOLDER).as_posix())
def test_every_script_begins_with_a_description(path: Path) -> None:
    """The first line describes the module, and no module is large."""
    text = path.read_text("utf-8")
    assert text.startswith("// ")
    assert text.count("\n") < 300


@pytest.mark.parametrize("path", ["/nothing", "/events/7", "/v1"])
async def test_a_browser_sees_a_page_for_an_unknown_path(instance: Instance, path: str) -> None:
    """With status 404; other clients get a problem."""
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    async with aiohttp.ClientSession(f"http://127.0.0.1:{instance.port}") as session:
        async with session.get(path, headers={"Accept": accept}) as answer:
            assert (answer.status, answer.content_type) == (404, "text/html")
            assert "Content-Security-Policy" in answer.headers
            assert answer.headers["Cache-Control"] == "no-store"
        for other in ("application/json", "*/*"):
            async with session.get(path, headers={"Accept": other}) as answer:
                assert (answer.status, answer.content_type) == (404, "application/problem+json")
        async with session.post(path, headers={"Accept": accept}) as answer:
            assert (answer.status, answer.content_type) == (404, "application/problem+json")

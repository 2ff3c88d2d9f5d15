"""The browser client: what is served, under which policy, and what its sources may contain."""

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable
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
from server.web_client import (
    CONTENT_TYPES,
    FILE_TYPES,
    INDEX_FILE,
    SERVICE_WORKER_FILE,
    WEB_FOLDER,
    WebClient,
)
from tests.server.web_files import BUNDLE, LOCALES, SCRIPTS, PageParser, code_of

Client = TestClient[Any, Any]


@pytest.fixture
async def client(aiohttp_client: Callable[[web.Application], Awaitable[Client]]) -> Client:
    served = WebClient()
    app = web.Application(middlewares=[error_middleware])
    app.on_response_prepare.append(add_response_headers)
    app.router.add_get("/", served.index)
    app.router.add_get("/web/{name:.+}", served.file)
    return await aiohttp_client(app)


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
    """The page, its scripts, its stylesheet and the texts of any language are less than 60 kB on the wire."""
    page = await (await client.get("/")).text()
    paths = ["/", *BUNDLE.findall(page)]
    texts = [path for path in BUNDLE.findall(await (await client.get(paths[1])).text()) if "json" in path]
    sizes = {}
    for path in [*paths, *texts]:
        response = await client.get(path, headers={"Accept-Encoding": "br"})
        sizes[path] = int(response.headers["Content-Length"])
    assert sum(sizes[path] for path in paths) + max(sizes[path] for path in texts) < 60_000


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

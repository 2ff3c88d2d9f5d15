"""Tests of cross-origin resource sharing."""

import pytest
from aiohttp import ClientResponse, web

from server.http.response import ResponseWithStatus
from server.http.route import Route, TypedRequest
from tests.server.http.http_client import HttpClient, Serve, problem_of

ALLOWED_ORIGIN = "https://friend.example"
OTHER_ORIGIN = "https://stranger.example"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}


async def handler(request: TypedRequest[None, None]) -> ResponseWithStatus:
    return ResponseWithStatus(["x"], 200)


ROUTES = [
    Route("GET", "/x", handler, requires_auth=False),
    Route("PATCH", "/x", handler, requires_auth=False),
]


@pytest.fixture
async def client(serve: Serve) -> HttpClient:
    return await serve(ROUTES, cors_origins=(ALLOWED_ORIGIN, "http://localhost:5173"))


def cors_headers(response: ClientResponse) -> set[str]:
    """Return the names of the CORS headers of a response."""
    return {name for name in response.headers if name.startswith("Access-Control-")}


async def test_allowed_origin_may_read_responses_and_errors(client: HttpClient) -> None:
    """The response names the origin and the exposed headers, also for errors."""
    for path, status in (("/x", 200), ("/nothing", 404)):
        response = await client.get(path, headers={"Origin": ALLOWED_ORIGIN})
        assert response.status == status
        assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
        shown = response.headers["Access-Control-Expose-Headers"].split(", ")
        assert set(shown) >= {"ETag", "Link", "Retry-After", "RateLimit-Remaining", "X-Request-Id"}
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    "origin",
    [
        OTHER_ORIGIN,
        "null",
        "http://friend.example",
        f"{ALLOWED_ORIGIN}:444",
        f"{ALLOWED_ORIGIN}.evil.example",
        f"{ALLOWED_ORIGIN}/",
        "*",
    ],
)
async def test_other_origins_get_no_cors_headers(client: HttpClient, origin: str) -> None:
    """The request is served, but no page may read the response; `Vary` informs caches."""
    response = await client.get("/x", headers={"Origin": origin})
    assert (response.status, cors_headers(response)) == (200, set())
    assert "Origin" in response.headers["Vary"]
    response = await client.options("/x", headers={"Origin": origin, **PREFLIGHT})
    assert (response.status, cors_headers(response)) == (405, set())


async def test_preflight_is_answered_before_any_handler(client: HttpClient) -> None:
    """204 with the allowed methods and headers, and a cache lifetime."""
    response = await client.options("/x", headers={"Origin": ALLOWED_ORIGIN, **PREFLIGHT})
    assert (response.status, await response.read()) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    assert "PATCH" in response.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = set(response.headers["Access-Control-Allow-Headers"].split(", "))
    assert allowed >= {"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"}
    assert int(response.headers["Access-Control-Max-Age"]) > 0
    assert response.headers["X-Request-Id"]


async def test_plain_options_is_not_a_preflight(client: HttpClient) -> None:
    """Without `Access-Control-Request-Method` it is 405 like any other method."""
    response = await client.options("/x", headers={"Origin": ALLOWED_ORIGIN})
    assert (await problem_of(response))["code"] == "method.not_allowed"


async def test_request_without_origin_gets_vary_only(client: HttpClient) -> None:
    """A client other than a browser gets no CORS header but `Vary`."""
    response = await client.get("/x")
    assert (cors_headers(response), response.headers["Vary"]) == (set(), "Authorization, Origin")


async def test_wildcard_allows_any_origin(serve: Serve) -> None:
    """With `*` the response is the same for all origins and has no `Vary`."""
    client = await serve(ROUTES, cors_origins=("*",))
    response = await client.get("/x", headers={"Origin": OTHER_ORIGIN})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Origin" not in response.headers["Vary"]
    assert (await client.options("/x", headers={"Origin": "null", **PREFLIGHT})).status == 204


async def test_cors_is_off_by_default(serve: Serve) -> None:
    """By default only pages of the server's own origin may read responses."""
    client = await serve(ROUTES)
    response = await client.get("/x", headers={"Origin": ALLOWED_ORIGIN})
    assert (cors_headers(response), response.headers["Vary"]) == (set(), "Authorization")
    assert (await client.options("/x", headers={"Origin": ALLOWED_ORIGIN, **PREFLIGHT})).status == 405


async def test_streams_have_cors_headers(serve: Serve) -> None:
    """A streamed response has the headers too: they are added before it starts."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        return response

    client = await serve(ROUTES, {"/stream": stream}, cors_origins=(ALLOWED_ORIGIN,))
    response = await client.get("/stream", headers={"Origin": ALLOWED_ORIGIN, "X-Request-Id": "abc-1"})
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    assert response.headers["X-Request-Id"] == "abc-1"
    assert response.headers["X-Content-Type-Options"] == "nosniff"

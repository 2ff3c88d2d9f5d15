"""Pages of other origins."""

import pytest
from aiohttp import ClientResponse, web

from server.http.call import Answer, Call
from server.http.route import Route
from tests.server.http.asking import Asked, Serve, problem_of

FRIEND = "https://friend.example"
STRANGER = "https://stranger.example"
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}


async def handler(call: Call[None, None]) -> Answer:
    return Answer(["x"], 200)


ROUTES = [Route("GET", "/x", handler, auth=False), Route("PATCH", "/x", handler, auth=False)]


@pytest.fixture
async def client(serve: Serve) -> Asked:
    return await serve(ROUTES, cors_origins=(FRIEND, "http://localhost:5173"))


def told(response: ClientResponse) -> set[str]:
    """Names of the headers that are for browsers."""
    return {name for name in response.headers if name.startswith("Access-Control-")}


async def test_listed_origin_may_read_answers_and_refusals(client: Asked) -> None:
    """It is named, with the headers that it may see; what failed is told as well."""
    for path, status in (("/x", 200), ("/nothing", 404)):
        response = await client.get(path, headers={"Origin": FRIEND})
        assert response.status == status
        assert response.headers["Access-Control-Allow-Origin"] == FRIEND
        shown = response.headers["Access-Control-Expose-Headers"].split(", ")
        assert set(shown) >= {"ETag", "Link", "Retry-After", "RateLimit-Remaining", "X-Request-Id"}
        assert "Origin" in response.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    "origin",
    [STRANGER, "null", "http://friend.example", f"{FRIEND}:444", f"{FRIEND}.evil.example", f"{FRIEND}/", "*"],
)
async def test_other_origins_are_told_nothing(client: Asked, origin: str) -> None:
    """The request is answered as any other, but no page may read it; caches know that it depends."""
    response = await client.get("/x", headers={"Origin": origin})
    assert (response.status, told(response)) == (200, set())
    assert "Origin" in response.headers["Vary"]
    response = await client.options("/x", headers={"Origin": origin, **PREFLIGHT})
    assert (response.status, told(response)) == (405, set())


async def test_preflight_is_answered_before_any_handler(client: Asked) -> None:
    """204 with what may be sent, to be remembered for a while."""
    response = await client.options("/x", headers={"Origin": FRIEND, **PREFLIGHT})
    assert (response.status, await response.read()) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "PATCH" in response.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = set(response.headers["Access-Control-Allow-Headers"].split(", "))
    assert allowed >= {"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"}
    assert int(response.headers["Access-Control-Max-Age"]) > 0
    assert response.headers["X-Request-Id"]


async def test_a_plain_options_is_no_preflight(client: Asked) -> None:
    """Without the browser's question it is a method that the route does not take."""
    response = await client.options("/x", headers={"Origin": FRIEND})
    assert (await problem_of(response))["code"] == "method.not_allowed"


async def test_requests_without_origin_are_left_alone(client: Asked) -> None:
    """Whoever is no browser sees only that the answer depends on it."""
    response = await client.get("/x")
    assert (told(response), response.headers["Vary"]) == (set(), "Authorization, Origin")


async def test_any_origin(serve: Serve) -> None:
    """With `*` the answer is the same for all, so nothing depends on who asks."""
    client = await serve(ROUTES, cors_origins=("*",))
    response = await client.get("/x", headers={"Origin": STRANGER})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Origin" not in response.headers["Vary"]
    assert (await client.options("/x", headers={"Origin": "null", **PREFLIGHT})).status == 204


async def test_without_configuration_there_is_no_cors(serve: Serve) -> None:
    """As shipped, only the server's own pages may read."""
    client = await serve(ROUTES)
    response = await client.get("/x", headers={"Origin": FRIEND})
    assert (told(response), response.headers["Vary"]) == (set(), "Authorization")
    assert (await client.options("/x", headers={"Origin": FRIEND, **PREFLIGHT})).status == 405


async def test_streams_are_told_in_time(serve: Serve) -> None:
    """An answer that a handler sends itself bears the headers too: they are put on before it begins."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        return response

    client = await serve(ROUTES, {"/stream": stream}, cors_origins=(FRIEND,))
    response = await client.get("/stream", headers={"Origin": FRIEND, "X-Request-Id": "abc-1"})
    assert response.headers["Access-Control-Allow-Origin"] == FRIEND
    assert response.headers["X-Request-Id"] == "abc-1"
    assert response.headers["X-Content-Type-Options"] == "nosniff"

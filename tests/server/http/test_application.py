"""Tests of the typed HTTP layer, with routes defined by the tests."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web
from yarl import URL

from actors.protocol.errors import ApiError, invalid_cursor, invalid_field
from config.log_setup import configure_logging
from config.settings import LogSettings
from server.http.response import Page, ResponseWithStatus
from server.http.route import Route, TypedRequest
from storage.errors import Conflict, QueryTimeout, Unavailable
from tests.server.http.http_client import Serve, problem_of


class Note(msgspec.Struct):
    text: str
    size: int = 0


class SearchQuery(msgspec.Struct):
    x: int = 0


class Echo(msgspec.Struct):
    text: str


def raising(error: BaseException) -> Route:
    async def handler(call: TypedRequest[None, None]) -> None:
        raise error

    return Route("GET", "/x", handler, requires_auth=False)


async def echo(request: TypedRequest[Note, None]) -> Echo:
    return Echo(request.body.text)


@pytest.mark.parametrize(
    ("error", "status", "code", "retry"),
    [
        (ApiError("message.deleted", "gone"), 409, "message.deleted", None),
        (ApiError("server.overloaded", "busy", retry_after_ms=1500), 503, "server.overloaded", "2"),
        (ApiError("rate.limited", "slow down"), 429, "rate.limited", "1"),
        (Unavailable("10.0.0.1 secret"), 503, "server.unavailable", "1"),
        (QueryTimeout("secret"), 503, "server.overloaded", "1"),
        (Conflict("secret_key"), 500, "server.error", None),
        (RuntimeError("secret"), 500, "server.error", None),
        (TimeoutError("secret"), 503, "server.unavailable", "1"),
        (web.HTTPForbidden(text="secret"), 403, "permission.denied", None),
        (web.HTTPBadRequest(text="secret"), 422, "request.invalid", None),
    ],
)
async def test_every_failure_is_a_problem(
    serve: Serve, error: Exception, status: int, code: str, retry: str | None
) -> None:
    """API errors keep their detail, store failures ask to retry, other exceptions reveal nothing."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(LogSettings(format="json"), stream)
    try:
        client = await serve([raising(error)])
        response = await client.get("/x")
        problem = await problem_of(response)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert (response.status, problem["code"]) == (status, code)
    assert response.headers.get("Retry-After") == retry
    assert ("retry_after_ms" in problem) == (retry is not None)
    assert "secret" not in await response.text()
    assert ("request failed" in stream.getvalue()) == (status == 500)
    assert (type(error).__name__ in stream.getvalue()) == (status == 500 or isinstance(error, TimeoutError))
    assert "secret" not in stream.getvalue().replace("secret_key", "").replace("10.0.0.1 secret", "")


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (ApiError("request.invalid", "odd"), ""),
        (web.HTTPBadRequest(), ""),
        (invalid_field("name", "odd"), "name"),
        (invalid_cursor(), "cursor"),
    ],
)
async def test_every_422_names_a_field(serve: Serve, error: Exception, field: str) -> None:
    """The empty name is the request as a whole."""
    client = await serve([raising(error)])
    response = await client.get("/x")
    problem = await problem_of(response)
    assert response.status == 422
    assert problem["errors"] == [{"field": field, "code": "invalid", "detail": problem["detail"]}]


async def test_router_errors_are_problems(serve: Serve) -> None:
    """An unknown path is 404, a known path with another method 405 with `Allow`."""
    client = await serve([Route("POST", "/notes/{id}", echo, body=Note, requires_auth=False)])
    assert (await problem_of(await client.get("/nothing")))["code"] == "route.not_found"
    response = await client.get("/notes/1")
    assert (await problem_of(response))["code"] == "method.not_allowed"
    assert response.headers["Allow"] == "POST"


async def test_body_over_its_limit_is_413(serve: Serve) -> None:
    """By `Content-Length` or while reading; a body at the limit passes."""
    client = await serve([Route("POST", "/notes", echo, body=Note, requires_auth=False, body_bytes_max=100)])
    fits = b'{"text":"' + b"x" * 89 + b'"}'
    assert len(fits) == 100
    assert (
        await client.post("/notes", data=fits, headers={"Content-Type": "application/json"})
    ).status == 200

    async def chunks() -> AsyncIterator[bytes]:
        for byte in fits + b" ":
            yield bytes([byte])

    for data in (fits + b" ", chunks()):
        response = await client.post("/notes", data=data, headers={"Content-Type": "application/json"})
        assert (await problem_of(response))["code"] == "request.too_large"


async def test_body_that_a_route_does_not_use_is_checked(serve: Serve) -> None:
    """Its type, so that no page of another origin can send it, and its size."""

    async def handler(_request: TypedRequest[None, None]) -> None:
        return None

    client = await serve([Route("PUT", "/likes", handler, requires_auth=False, body_bytes_max=100)])
    assert (await client.put("/likes")).status == 204
    assert (await client.put("/likes", json={})).status == 204
    plain = await client.put("/likes", data=b"{}", headers={"Content-Type": "text/plain"})
    assert (await problem_of(plain))["code"] == "request.unsupported_media_type"
    large = await client.put("/likes", json={"x": "x" * 100})
    assert (await problem_of(large))["code"] == "request.too_large"


async def test_headers_of_a_refusal_by_another_limit(serve: Serve) -> None:
    """They show when to try again, not what is left of the limit of requests."""

    async def handler(_request: TypedRequest[None, None]) -> None:
        raise ApiError("rate.limited", "Too many messages.", retry_after_ms=2500)

    client = await serve([Route("POST", "/messages", handler, requires_auth=False)])
    headers = (await client.post("/messages")).headers
    assert (headers["RateLimit-Remaining"], headers["RateLimit-Reset"], headers["Retry-After"]) == (
        "0",
        "3",
        "3",
    )


async def test_stalled_body_times_out(serve: Serve) -> None:
    """A client that stops in the middle of a body gets 408."""
    client = await serve([Route("POST", "/notes", echo, body=Note, requires_auth=False)])

    async def stuck() -> AsyncIterator[bytes]:
        yield b'{"text":'
        await asyncio.Event().wait()

    response = await client.post("/notes", data=stuck(), headers={"Content-Type": "application/json"})
    assert (response.status, (await problem_of(response))["code"]) == (408, "request.timeout")


async def test_handler_timeout_is_503(serve: Serve) -> None:
    """After the request timeout the outcome is unknown: `server.unavailable`."""

    async def endless(call: TypedRequest[None, None]) -> None:
        await asyncio.Event().wait()

    client = await serve([Route("GET", "/x", endless, requires_auth=False)])
    response = await client.get("/x")
    assert (response.status, (await problem_of(response))["code"]) == (503, "server.unavailable")


async def test_result_determines_the_response(serve: Serve) -> None:
    """A struct gets 200 or the status of its route, `ResponseWithStatus` its own, None 204 or 202."""

    async def nothing(call: TypedRequest[None, None]) -> None:
        return None

    async def created(call: TypedRequest[None, None]) -> Echo:
        return Echo("new")

    async def chosen(call: TypedRequest[None, None]) -> ResponseWithStatus:
        return ResponseWithStatus(Echo("old"), 202)

    async def page(call: TypedRequest[None, None]) -> Page[Echo]:
        return Page([Echo("one")], "next&one")

    handlers = {"/nothing": nothing, "/created": created, "/chosen": chosen, "/page": page}
    routes = [
        Route("GET", path, handler, status=201, requires_auth=False) for path, handler in handlers.items()
    ]
    client = await serve([*routes, Route("POST", "/accepted", nothing, status=202, requires_auth=False)])
    response = await client.get("/nothing")
    assert (response.status, await response.read()) == (204, b"")
    response = await client.post("/accepted")
    assert (response.status, await response.read()) == (202, b"")
    response = await client.get("/created")
    assert (response.status, await response.json()) == (201, {"text": "new"})
    response = await client.get("/chosen")
    assert (response.status, await response.json()) == (202, {"text": "old"})
    response = await client.get("/page?q=a%20b&cursor=old")
    assert await response.json() == {"items": [{"text": "one"}], "next_cursor": "next&one"}
    assert URL(response.links["next"]["url"]).query == {"q": "a b", "cursor": "next&one"}


async def test_handler_receives_the_decoded_request(serve: Serve) -> None:
    """Path, query, body, request id and address reach the handler; a valid client request id is kept."""
    seen: list[TypedRequest[Note, SearchQuery]] = []

    async def handler(call: TypedRequest[Note, SearchQuery]) -> None:
        seen.append(call)

    client = await serve(
        [Route("POST", "/notes/{id}", handler, body=Note, query=SearchQuery, requires_auth=False)]
    )
    headers = {"X-Request-Id": "abc-1", "X-Forwarded-For": "203.0.113.9"}
    response = await client.post("/notes/a%20b?x=1", json={"text": "t", "unknown": 1}, headers=headers)
    assert response.headers["X-Request-Id"] == "abc-1"
    (call,) = seen
    assert (call.path_params["id"], call.query.x, call.body, call.identity) == ("a b", 1, Note("t", 0), None)
    assert (call.request_id, call.client_address) == ("abc-1", "127.0.0.1")
    response = await client.post("/notes/1", json={"text": "t"}, headers={"X-Request-Id": "<b>" * 50})
    assert "<" not in response.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (2, "evil, 198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "127.0.0.1"),
        (1, "not an address", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
async def test_client_address_with_trusted_proxies(
    serve: Serve, proxies: int, forwarded: str, address: str
) -> None:
    """Only the entries written by trusted proxies count."""
    seen: list[str] = []

    async def handler(call: TypedRequest[None, None]) -> None:
        seen.append(call.client_address)

    client = await serve(
        [Route("GET", "/x", handler, requires_auth=False)],
        trusted_proxies=proxies,
        proxy_networks=("127.0.0.0/8",),
    )
    await client.get("/x", headers={"X-Forwarded-For": forwarded})
    assert seen == [address]


async def test_other_peers_are_no_proxies(serve: Serve) -> None:
    """What they say about addresses is ignored."""
    seen: list[str] = []

    async def handler(call: TypedRequest[None, None]) -> None:
        seen.append(call.client_address)

    client = await serve(
        [Route("GET", "/x", handler, requires_auth=False)],
        trusted_proxies=1,
        proxy_networks=("10.0.0.0/24", "::1/128"),
    )
    await client.get("/x", headers={"X-Forwarded-For": "203.0.113.9"})
    assert seen == ["127.0.0.1"]


async def test_default_response_headers(serve: Serve) -> None:
    """Responses are not cached, sniffed or compressed, and reveal no software version."""
    client = await serve([Route("POST", "/notes", echo, body=Note, requires_auth=False)])
    response = await client.post("/notes", json={"text": "t"})
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Server"] == "convene"
    assert "Content-Encoding" not in response.headers


async def test_request_takes_the_cost_of_its_route(serve: Serve) -> None:
    """A dear route takes several tokens of the same rate limit."""

    async def handler(_request: TypedRequest[None, None]) -> None:
        return None

    client = await serve(
        [
            Route("GET", "/cheap", handler, requires_auth=False),
            Route("GET", "/dear", handler, requires_auth=False, cost=100),
        ]
    )
    remaining = [
        int((await client.get(path)).headers["RateLimit-Remaining"]) for path in ("/cheap", "/dear", "/cheap")
    ]
    assert remaining[0] - remaining[1] > 50
    assert remaining[1] - remaining[2] <= 1


class Names(msgspec.Struct, frozen=True):
    names: list[str]

    def request_cost(self) -> int:
        return len(self.names)


async def test_body_that_names_much_delays_the_next_requests(serve: Serve) -> None:
    """The request itself is served, however much it names; a refused or cheap one takes nothing more."""

    async def handler(_request: TypedRequest[Names, None]) -> None:
        return None

    client = await serve(
        [Route("POST", "/names", handler, body=Names, requires_auth=False)],
        requests_per_s=1,
        requests_burst=50,
    )
    assert (await client.post("/names", json={"names": ["x"] * 10})).status == 204
    cheap = await client.post("/names", json={"names": []})
    assert 38 <= int(cheap.headers["RateLimit-Remaining"]) < 48
    assert (await client.post("/names", json={"names": ["x"] * 10_000})).status == 204
    refused = await client.post("/names", json={"names": []})
    assert refused.status == 429
    assert 30 <= int(refused.headers["Retry-After"]) <= 52


@pytest.mark.parametrize(
    ("cost", "names", "at_once"), [(10, 0, 4), (1, 9, 4), (1, 0, 6)], ids=["route", "body", "cheap"]
)
async def test_expensive_requests_wait_for_each_other(
    serve: Serve, cost: int, names: int, at_once: int
) -> None:
    running = 0
    most = 0
    all_running = asyncio.Event()

    async def handler(_request: TypedRequest[Names, None]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == at_once:
            all_running.set()
        await all_running.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        running -= 1

    client = await serve([Route("POST", "/names", handler, body=Names, requires_auth=False, cost=cost)])
    body = {"names": ["x"] * names}
    answers = await asyncio.gather(*(client.post("/names", json=body) for _ in range(6)))

    assert [answer.status for answer in answers] == [204] * 6
    assert most == at_once

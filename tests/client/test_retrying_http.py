"""How the town speaks to a server that is busy, and how many things it does at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from client.errors import RequestRejected, RequestTimeout
from client.http_responses import ProblemDetails
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.bounded_runner import BoundedRunner

REQUEST = HttpRequest("GET", "/thing")


class Item(msgspec.Struct):
    number: int


class ScriptedResponse(msgspec.Struct):
    status: int
    body: msgspec.Struct


SUCCESS = ScriptedResponse(200, Item(7))
BUSY = ScriptedResponse(429, ProblemDetails("rate.limited", retry_after_ms=4321))


class ScriptedHandler:
    """A server that gives these answers, the last one for ever; and the pauses that were made."""

    def __init__(self, responses: tuple[ScriptedResponse, ...]) -> None:
        self._responses = list(responses)
        self.delays_s: list[float] = []

    async def respond(self, _request: web.Request) -> web.Response:
        given = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        return web.Response(body=msgspec.json.encode(given.body), status=given.status)

    async def sleep(self, pause_s: float) -> None:
        self.delays_s.append(pause_s)


@contextlib.asynccontextmanager
async def scripted_client(
    *responses: ScriptedResponse, retry_for_s: float = 60.0
) -> AsyncIterator[tuple[ScriptedHandler, RetryingHttpClient]]:
    served = ScriptedHandler(responses)
    app = web.Application()
    app.router.add_get("/thing", served.respond)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("/"))
        yield served, RetryingHttpClient(session, url, retry_for_s=retry_for_s, sleep=served.sleep)


@pytest.mark.parametrize("status", [429, 503])
async def test_retries_after_the_servers_delay(status: int) -> None:
    """Then the same is asked again."""
    busy = ScriptedResponse(status, ProblemDetails("some.code", retry_after_ms=4321))
    async with scripted_client(busy, busy, SUCCESS) as (served, requests):
        assert (await requests.request(Item, REQUEST)).number == 7
    assert len(served.delays_s) == 2
    assert min(served.delays_s) >= 4.321


async def test_retrying_stops_at_the_time_limit() -> None:
    """A server that is busy for ever is told of as it is."""
    async with scripted_client(BUSY, retry_for_s=0.0) as (_, requests):
        with pytest.raises(RequestRejected) as refused:
            await requests.request(Item, REQUEST)
    assert refused.value.code == "rate.limited"


async def test_unreachable_server_raises_request_timeout() -> None:
    async with aiohttp.ClientSession() as session:
        requests = RetryingHttpClient(session, "http://127.0.0.1:1", retry_for_s=0.0)
        with pytest.raises(RequestTimeout):
            await requests.request(Item, REQUEST)


@pytest.mark.parametrize(("status", "code"), [(404, "post.not_found"), (409, "event.past")])
async def test_missing_object_is_skipped(status: int, code: str) -> None:
    """Somebody took a post back, an event is over: the town goes on."""
    async with scripted_client(ScriptedResponse(status, ProblemDetails(code))) as (_, requests):
        assert await requests.request_if_allowed(Item, REQUEST) is None
        assert not await requests.execute(REQUEST)


@pytest.mark.parametrize("status", [401, 422, 500])
async def test_other_errors_are_raised_without_retry(status: int) -> None:
    """A fault is not hidden by trying again."""
    async with scripted_client(ScriptedResponse(status, ProblemDetails("some.code"))) as (served, requests):
        with pytest.raises(RequestRejected):
            await requests.request_if_allowed(Item, REQUEST)
    assert served.delays_s == []


async def test_runner_limits_concurrency_and_keeps_order() -> None:
    """Never more than it was given; results stand where their things stood; each is told of."""
    under_way: set[int] = set()
    most = 0
    told: list[tuple[str, int, int]] = []

    async def work(number: int) -> int:
        nonlocal most
        under_way.add(number)
        most = max(most, len(under_way))
        for _ in range(20 - number):
            await asyncio.sleep(0)
        under_way.remove(number)
        return number * number

    crew = BoundedRunner(3, lambda step, done, total: told.append((step, done, total)))

    assert await crew.run_all("squares", range(20), work) == [number * number for number in range(20)]
    assert most == 3
    assert told == [("squares", done, 20) for done in range(21)]


async def test_first_failure_cancels_the_rest() -> None:
    """It is raised as it was, and what waits is not begun."""
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        await asyncio.sleep(0)
        if number == 1:
            raise RequestTimeout("gone")

    with pytest.raises(RequestTimeout):
        await BoundedRunner(2, lambda *_: None).run_all("things", range(100), work)
    assert len(begun) < 10


async def test_empty_work_returns_immediately() -> None:
    told: list[tuple[str, int, int]] = []

    assert await BoundedRunner(2, lambda *step: told.append(step)).run_all("nothing", (), asyncio.sleep) == []
    assert told == [("nothing", 0, 0)]

"""The retrying HTTP client and the demo's bounded runner."""

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
    """Serves the given responses, repeating the last one, and records the client's delays."""

    def __init__(self, responses: tuple[ScriptedResponse, ...]) -> None:
        self._responses = list(responses)
        self.delays_s: list[float] = []

    async def respond(self, _request: web.Request) -> web.Response:
        response = self._responses.pop(0) if len(self._responses) > 1 else self._responses[0]
        return web.Response(body=msgspec.json.encode(response.body), status=response.status)

    async def sleep(self, delay_s: float) -> None:
        self.delays_s.append(delay_s)


@contextlib.asynccontextmanager
async def scripted_client(
    *responses: ScriptedResponse, retry_for_s: float = 60.0
) -> AsyncIterator[tuple[ScriptedHandler, RetryingHttpClient]]:
    handler = ScriptedHandler(responses)
    app = web.Application()
    app.router.add_get("/thing", handler.respond)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("/"))
        yield handler, RetryingHttpClient(session, url, retry_for_s=retry_for_s, sleep=handler.sleep)


@pytest.mark.parametrize("status", [429, 503])
async def test_retries_after_the_servers_delay(status: int) -> None:
    """The request is repeated after `retry_after_ms`."""
    busy = ScriptedResponse(status, ProblemDetails("some.code", retry_after_ms=4321))
    async with scripted_client(busy, busy, SUCCESS) as (handler, http):
        assert (await http.request(Item, REQUEST)).number == 7
    assert len(handler.delays_s) == 2
    assert min(handler.delays_s) >= 4.321


async def test_retrying_stops_at_the_time_limit() -> None:
    """After `retry_for_s` the last error is raised."""
    async with scripted_client(BUSY, retry_for_s=0.0) as (_, http):
        with pytest.raises(RequestRejected) as rejected:
            await http.request(Item, REQUEST)
    assert rejected.value.code == "rate.limited"


async def test_delay_beyond_the_time_limit_is_not_waited_for() -> None:
    """The error is raised at once: the servers' longest delay is an hour."""
    async with scripted_client(BUSY, SUCCESS, retry_for_s=4.0) as (handler, http):
        with pytest.raises(RequestRejected):
            await http.request(Item, REQUEST)
    assert handler.delays_s == []


async def test_unreachable_server_raises_request_timeout() -> None:
    """No response within `retry_for_s` raises `RequestTimeout`."""
    async with aiohttp.ClientSession() as session:
        http = RetryingHttpClient(session, "http://127.0.0.1:1", retry_for_s=0.0)
        with pytest.raises(RequestTimeout):
            await http.request(Item, REQUEST)


@pytest.mark.parametrize(("status", "code"), [(404, "post.not_found"), (409, "event.past")])
async def test_missing_object_is_skipped(status: int, code: str) -> None:
    """404 and 409 give None instead of an error."""
    async with scripted_client(ScriptedResponse(status, ProblemDetails(code))) as (_, http):
        assert await http.request_if_allowed(Item, REQUEST) is None
        assert not await http.execute(REQUEST)


@pytest.mark.parametrize("status", [401, 422, 500])
async def test_other_errors_are_raised_without_retry(status: int) -> None:
    """Errors that a retry does not fix are raised at once."""
    async with scripted_client(ScriptedResponse(status, ProblemDetails("some.code"))) as (handler, http):
        with pytest.raises(RequestRejected):
            await http.request_if_allowed(Item, REQUEST)
    assert handler.delays_s == []


async def test_runner_limits_concurrency_and_keeps_order() -> None:
    """Results keep the order of the items; progress is reported after each one."""
    running: set[int] = set()
    peak = 0
    progress: list[tuple[str, int, int]] = []

    async def work(number: int) -> int:
        nonlocal peak
        running.add(number)
        peak = max(peak, len(running))
        for _ in range(20 - number):
            await asyncio.sleep(0)
        running.remove(number)
        return number * number

    runner = BoundedRunner(3, lambda step, done, total: progress.append((step, done, total)))

    assert await runner.run_all("squares", range(20), work) == [number * number for number in range(20)]
    assert peak == 3
    assert progress == [("squares", done, 20) for done in range(21)]


async def test_first_failure_cancels_the_rest() -> None:
    """The failure is raised unchanged, and queued items are not started."""
    started: list[int] = []

    async def work(number: int) -> None:
        started.append(number)
        await asyncio.sleep(0)
        if number == 1:
            raise RequestTimeout("gone")

    with pytest.raises(RequestTimeout):
        await BoundedRunner(2, lambda *_: None).run_all("things", range(100), work)
    assert len(started) < 10


async def test_empty_work_returns_immediately() -> None:
    """Progress is reported once."""
    progress: list[tuple[str, int, int]] = []

    assert (
        await BoundedRunner(2, lambda *step: progress.append(step)).run_all("nothing", (), asyncio.sleep)
        == []
    )
    assert progress == [("nothing", 0, 0)]

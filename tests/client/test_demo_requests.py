"""How the town speaks to a server that is busy, and how many things it does at once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from client.answers import Problem
from client.demo.crew import Crew
from client.demo.requests import Request, Requests
from client.errors import Refused, Unanswered

ASKED = Request("GET", "/thing")


class Thing(msgspec.Struct):
    number: int


class Answer(msgspec.Struct):
    status: int
    body: msgspec.Struct


GIVEN = Answer(200, Thing(7))
BUSY = Answer(429, Problem("rate.limited", retry_after_ms=4321))


class Served:
    """A server that gives these answers, the last one for ever; and the pauses that were made."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self._answers = list(answers)
        self.pauses_s: list[float] = []

    async def answer(self, _request: web.Request) -> web.Response:
        given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return web.Response(body=msgspec.json.encode(given.body), status=given.status)

    async def sleep(self, pause_s: float) -> None:
        self.pauses_s.append(pause_s)


@contextlib.asynccontextmanager
async def asking(*answers: Answer, patience_s: float = 60.0) -> AsyncIterator[tuple[Served, Requests]]:
    served = Served(answers)
    app = web.Application()
    app.router.add_get("/thing", served.answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("/"))
        yield served, Requests(session, url, patience_s=patience_s, sleep=served.sleep)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_given_the_time_it_asks_for(status: int) -> None:
    """Then the same is asked again."""
    busy = Answer(status, Problem("some.code", retry_after_ms=4321))
    async with asking(busy, busy, GIVEN) as (served, requests):
        assert (await requests.ask(Thing, ASKED)).number == 7
    assert len(served.pauses_s) == 2
    assert min(served.pauses_s) >= 4.321


async def test_patience_ends() -> None:
    """A server that is busy for ever is told of as it is."""
    async with asking(BUSY, patience_s=0.0) as (_, requests):
        with pytest.raises(Refused) as refused:
            await requests.ask(Thing, ASKED)
    assert refused.value.code == "rate.limited"


async def test_nobody_there_is_unanswered() -> None:
    async with aiohttp.ClientSession() as session:
        requests = Requests(session, "http://127.0.0.1:1", patience_s=0.0)
        with pytest.raises(Unanswered):
            await requests.ask(Thing, ASKED)


@pytest.mark.parametrize(("status", "code"), [(404, "post.not_found"), (409, "event.past")])
async def test_what_is_gone_is_left_alone(status: int, code: str) -> None:
    """Somebody took a post back, an event is over: the town goes on."""
    async with asking(Answer(status, Problem(code))) as (_, requests):
        assert await requests.attempt(Thing, ASKED) is None
        assert not await requests.do(ASKED)


@pytest.mark.parametrize("status", [401, 422, 500])
async def test_any_other_refusal_is_raised_at_once(status: int) -> None:
    """A fault is not hidden by trying again."""
    async with asking(Answer(status, Problem("some.code"))) as (served, requests):
        with pytest.raises(Refused):
            await requests.attempt(Thing, ASKED)
    assert served.pauses_s == []


async def test_a_crew_does_few_things_at_once_and_keeps_their_order() -> None:
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

    crew = Crew(3, lambda step, done, total: told.append((step, done, total)))

    assert await crew.each("squares", range(20), work) == [number * number for number in range(20)]
    assert most == 3
    assert told == [("squares", done, 20) for done in range(21)]


async def test_the_first_failure_ends_a_crews_work() -> None:
    """It is raised as it was, and what waits is not begun."""
    begun: list[int] = []

    async def work(number: int) -> None:
        begun.append(number)
        await asyncio.sleep(0)
        if number == 1:
            raise Unanswered("gone")

    with pytest.raises(Unanswered):
        await Crew(2, lambda *_: None).each("things", range(100), work)
    assert len(begun) < 10


async def test_nothing_to_do_is_done_at_once() -> None:
    told: list[tuple[str, int, int]] = []

    assert await Crew(2, lambda *step: told.append(step)).each("nothing", (), asyncio.sleep) == []
    assert told == [("nothing", 0, 0)]

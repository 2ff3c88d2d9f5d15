"""`RequestConcurrency`: which requests wait, and in which order they are admitted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from server.http.rate_limiter import LIST_COST
from server.http.request_concurrency import RequestConcurrency

CAPACITY = 40


class Requests:
    """Requests that stay in progress until they are finished by name."""

    def __init__(self, concurrency: RequestConcurrency) -> None:
        self._concurrency = concurrency
        self._finished: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.admitted: list[str] = []

    async def start(self, name: str, cost: int) -> None:
        finished = self._finished[name] = asyncio.Event()

        async def handle() -> None:
            async with self._concurrency.admit(cost):
                self.admitted.append(name)
                await finished.wait()

        self._tasks[name] = asyncio.create_task(handle())
        await run_ready()

    async def finish(self, name: str) -> None:
        self._finished[name].set()
        await self._tasks[name]
        await run_ready()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await run_ready()

    async def cancel_together(self, *names: str) -> list[bool]:
        """Cancel several in one loop tick. Return, for each, whether it ended as cancelled."""
        tasks = [self._tasks[name] for name in names]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await run_ready()
        return [task.cancelled() for task in tasks]

    def finish_soon(self, name: str) -> None:
        """Let a request end in the next loop tick."""
        self._finished[name].set()

    async def finish_all(self) -> None:
        for finished in self._finished.values():
            finished.set()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def run_ready() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def concurrency() -> RequestConcurrency:
    return RequestConcurrency(CAPACITY)


@pytest.fixture
async def requests(concurrency: RequestConcurrency) -> AsyncIterator[Requests]:
    async with AsyncExitStack() as stack:
        started = Requests(concurrency)
        stack.push_async_callback(started.finish_all)
        yield started


async def test_requests_wait_when_the_costs_in_progress_are_at_the_limit(
    requests: Requests, concurrency: RequestConcurrency
) -> None:
    for number in range(CAPACITY // 10 + 2):
        await requests.start(str(number), 10)

    assert requests.admitted == ["0", "1", "2", "3"]
    assert concurrency.waiting == 2

    await requests.finish("2")
    assert requests.admitted[-1] == "4"
    assert concurrency.waiting == 1


async def test_cheap_requests_never_wait(requests: Requests) -> None:
    await requests.start("all", CAPACITY)
    await requests.start("search", 10)
    await requests.start("cheap", LIST_COST - 1)

    assert requests.admitted == ["all", "cheap"]


async def test_a_request_that_costs_more_than_the_capacity_is_admitted_alone(requests: Requests) -> None:
    await requests.start("search", 10)
    await requests.start("large", CAPACITY * 10)
    await requests.start("behind", 10)
    assert requests.admitted == ["search"]

    await requests.finish("search")
    assert requests.admitted == ["search", "large"]

    await requests.finish("large")
    assert requests.admitted == ["search", "large", "behind"]


@pytest.mark.parametrize(
    "end",
    [Requests.finish, Requests.cancel],
    ids=["finished", "cancelled"],
)
async def test_what_a_request_took_is_returned(
    requests: Requests, end: Callable[[Requests, str], Awaitable[None]]
) -> None:
    await requests.start("first", CAPACITY)
    await end(requests, "first")
    await requests.start("second", CAPACITY)

    assert requests.admitted == ["first", "second"]


async def test_a_cancelled_waiter_makes_way_for_those_behind_it(
    requests: Requests, concurrency: RequestConcurrency
) -> None:
    await requests.start("search", 10)
    await requests.start("large", CAPACITY)
    await requests.start("small", 10)
    await requests.cancel("large")

    assert requests.admitted == ["search", "small"]
    assert concurrency.waiting == 0


async def test_waiters_that_are_cancelled_together_take_nothing(
    requests: Requests, concurrency: RequestConcurrency
) -> None:
    """The first one to run must not admit the other: it would never return what it took."""
    await requests.start("search", 10)
    await requests.start("large", CAPACITY)
    await requests.start("small", 10)
    assert await requests.cancel_together("large", "small") == [True, True]
    assert concurrency.waiting == 0

    await requests.finish("search")
    await requests.start("all", CAPACITY)
    assert requests.admitted == ["search", "all"]


async def test_a_request_that_ends_with_the_time_of_a_waiter_succeeds(
    requests: Requests, concurrency: RequestConcurrency
) -> None:
    """It wakes no waiter that is cancelled and has not run yet."""
    await requests.start("search", CAPACITY)
    await requests.start("late", CAPACITY)
    requests.finish_soon("search")
    assert await requests.cancel_together("late") == [True]
    await requests.finish("search")
    assert concurrency.waiting == 0

    await requests.start("all", CAPACITY)
    assert requests.admitted == ["search", "all"]


async def test_a_request_cancelled_in_the_turn_of_its_admission_returns_what_it_took(
    concurrency: RequestConcurrency,
) -> None:
    first = concurrency.admit(CAPACITY)
    await first.__aenter__()

    async def wait() -> None:
        async with concurrency.admit(CAPACITY):
            pytest.fail("admitted after it was cancelled")

    task = asyncio.create_task(wait())
    await run_ready()
    await first.__aexit__(None, None, None)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    async with asyncio.timeout(10), concurrency.admit(CAPACITY):
        pass

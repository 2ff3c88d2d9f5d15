"""Refusals of a client that ignores its rate limit are delayed, so that they cannot use up the loop."""

import asyncio
import time

from aiohttp.test_utils import make_mocked_request

from config.limits import (
    REFUSAL_DELAY_S,
    REFUSALS_BURST,
    REFUSALS_DELAYED_MAX,
    REFUSALS_DELAYED_PER_S,
    REFUSALS_PER_S,
)
from server.http.refusal_delay import JITTER, RATE_LIMITED, RefusalDelay
from server.http.route import Route
from server.http.trusted_proxies import TrustedProxies
from tests.server.http.http_client import Serve
from tests.until import until

REQUEST = make_mocked_request("GET", "/v1/events")


class Delays:
    """A `RefusalDelay` with a clock that stands still and sleeps that last until `release`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._released = asyncio.Event()
        self.refusals = RefusalDelay(TrustedProxies(0, ()), 100, clock=lambda: self.now, sleep=self._sleep)

    async def _sleep(self, length_s: float) -> None:
        self.slept.append(length_s)
        await self._released.wait()

    def release(self) -> None:
        self._released.set()

    def refuse(self, address: str, code: str = RATE_LIMITED) -> asyncio.Task[None]:
        request = REQUEST.clone(remote=address)
        return asyncio.create_task(self.refusals.wait(request, code))


async def test_only_refusals_beyond_the_burst_of_an_address_wait() -> None:
    delays = Delays()
    await asyncio.gather(*(delays.refuse("192.0.2.1") for _ in range(REFUSALS_BURST)))
    assert delays.slept == []

    waiting = delays.refuse("192.0.2.1")
    await delays.refuse("192.0.2.2")
    await delays.refuse("192.0.2.1", code="request.invalid")
    assert len(delays.slept) == 1
    assert REFUSAL_DELAY_S * (1 - JITTER) <= delays.slept[0] <= REFUSAL_DELAY_S * (1 + JITTER)
    assert delays.refusals.delayed == 1

    delays.now += 1 / REFUSALS_PER_S
    await delays.refuse("192.0.2.1")
    delays.release()
    await waiting
    assert delays.refusals.delayed == 0


async def test_number_of_delayed_refusals_is_bounded() -> None:
    delays = Delays()
    tasks = [delays.refuse("192.0.2.1") for _ in range(REFUSALS_BURST + REFUSALS_DELAYED_MAX)]
    await until(lambda: len(delays.slept) == REFUSALS_DELAYED_MAX)
    assert delays.refusals.delayed == REFUSALS_DELAYED_MAX

    await delays.refuse("192.0.2.1")
    assert len(delays.slept) == REFUSALS_DELAYED_MAX
    delays.release()
    await asyncio.gather(*tasks)


async def test_many_delayed_refusals_wait_longer() -> None:
    """Together they are answered at a bounded rate, whatever the number of connections."""
    delays = Delays()
    count = 4 * REFUSALS_DELAYED_PER_S
    tasks = [delays.refuse("192.0.2.1") for _ in range(REFUSALS_BURST + count)]
    await until(lambda: len(delays.slept) == count)
    assert sum(delays.slept[-100:]) / 100 >= (1 - JITTER / 2) * count / REFUSALS_DELAYED_PER_S
    delays.release()
    await asyncio.gather(*tasks)


async def test_a_client_that_ignores_its_limit_is_answered_later(serve: Serve) -> None:
    async def handle(_request: object) -> None: ...

    client = await serve(
        [Route("GET", "/v1/things", handle, status=204, requires_auth=False)],
        requests_per_s=0.001,
        requests_burst=1,
    )
    assert (await client.get("/v1/things")).status == 204
    for _ in range(REFUSALS_BURST + 5 * REFUSALS_PER_S):
        started = time.monotonic()
        response = await client.get("/v1/things")
        assert response.status == 429
        if time.monotonic() - started >= REFUSAL_DELAY_S * (1 - JITTER):
            return
    raise AssertionError("no refusal was delayed")

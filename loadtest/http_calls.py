"""HTTP requests of the load, timed from their scheduled time, if they have one.

Errors are counted, not retried: in an open loop the next request follows anyway. Redirects are not
followed, so that the token is not sent to another host.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from client.http_responses import ProblemDetails
from loadtest.metrics.clock import now_us
from loadtest.metrics.counters import Counters
from loadtest.metrics.latencies import LatencyRecorder

Result = TypeVar("Result")
IN_FLIGHT_MAX: Final = 1000
CALL_TIMEOUT_S: Final = 20.0
EXPECTED_ERROR_CODES: Final = frozenset({"event.full"})
"""Errors that a workload provokes on purpose: they count as replies."""

_encoder = msgspec.json.Encoder()


class CallFailed(Exception):  # noqa: N818 - control flow
    """The request was rejected or not answered, or its response is invalid; that was already counted."""


class HttpCalls:
    def __init__(self, urls: list[str], counters: Counters, latencies: LatencyRecorder) -> None:
        self._urls = [url.rstrip("/") for url in urls]
        self._counters = counters
        self._latencies = latencies
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=256, keepalive_timeout=30.0),
            timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S),
        )
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def server_count(self) -> int:
        return len(self._urls)

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def start(self, call: Coroutine[Any, Any, object]) -> None:
        """Run `call` in the background and count its failure; above `IN_FLIGHT_MAX`, count it as unsent."""
        if len(self._tasks) >= IN_FLIGHT_MAX:
            self._counters.unsent += 1
            call.close()
            return
        task = asyncio.ensure_future(self._run_counted(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def request(
        self,
        operation: str,
        method: str,
        url_index: int,
        path: str,
        token: str,
        response_type: type[Result],
        *,
        body: msgspec.Struct | None = None,
        intended_us: int = 0,
        idempotency_key: str = "",
    ) -> Result:
        """Send one request. Raises `CallFailed`. An `intended_us` of 0 is now."""
        headers = {"Authorization": f"Bearer {token}"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = _encoder.encode(body)
        self._counters.calls += 1
        start_us = intended_us or now_us()
        try:
            async with self._session.request(
                method, self._urls[url_index] + path, headers=headers, data=data, allow_redirects=False
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._counters.errors[f"{operation}: {type(error).__name__}"] += 1
            raise CallFailed from error
        if response.status >= 300:
            self._raise_rejected(operation, content, now_us() - start_us)
        self._latencies.add(operation, now_us() - start_us)
        try:
            return msgspec.json.decode(content or b"{}", type=response_type)
        except msgspec.DecodeError as error:
            self._counters.errors[f"{operation}: invalid response"] += 1
            raise CallFailed from error

    def _raise_rejected(self, operation: str, content: bytes, us: int) -> None:
        try:
            code = msgspec.json.decode(content, type=ProblemDetails).code
        except msgspec.DecodeError:
            code = "no problem details"
        if code in EXPECTED_ERROR_CODES:
            self._latencies.add(f"{operation} {code}", us)
        else:
            self._counters.errors[f"{operation}: {code}"] += 1
        raise CallFailed(code)

    async def _run_counted(self, call: Coroutine[Any, Any, object]) -> None:
        try:
            await call
        except CallFailed:
            return

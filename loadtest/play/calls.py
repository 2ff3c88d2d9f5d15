"""Requests over HTTP as part of a load: each timed from when it was meant, some at a time.

What a full server says is counted, not tried again: an open loop has the next one coming. It never
follows a redirect, so that a token goes nowhere else.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from client.answers import Problem
from loadtest.figures.clock import now_us
from loadtest.figures.latencies import Latencies
from loadtest.figures.tally import Tally

Result = TypeVar("Result")
AT_ONCE: Final = 1000
TIMEOUT_S: Final = 20.0
REASONS: Final = frozenset({"event.full"})
"""Refusals that are answers: the play goes on to make them."""

_encoder = msgspec.json.Encoder()


class Failed(Exception):  # noqa: N818 - what became of a call
    """Refused or unanswered; it was counted."""


class Calls:
    def __init__(self, urls: list[str], tally: Tally, latencies: Latencies) -> None:
        self._urls = [url.rstrip("/") for url in urls]
        self._tally = tally
        self._latencies = latencies
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=256, keepalive_timeout=30.0),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )
        self._under_way: set[asyncio.Task[Any]] = set()

    @property
    def servers(self) -> int:
        """How many there are to ask."""
        return len(self._urls)

    @property
    def under_way(self) -> int:
        return len(self._under_way)

    async def close(self) -> None:
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._session.close()

    def begin(self, work: Coroutine[Any, Any, object]) -> None:
        """Have it done beside everything else; what fails was counted."""
        if len(self._under_way) >= AT_ONCE:
            self._tally.unsent += 1
            work.close()
            return
        task = asyncio.ensure_future(self._quietly(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def call(
        self,
        kind: str,
        method: str,
        url: int,
        path: str,
        token: str,
        answer: type[Result],
        *,
        body: msgspec.Struct | None = None,
        intended_us: int = 0,
        key: str = "",
    ) -> Result:
        """Ask once. Raises `Failed`."""
        headers = {"Authorization": f"Bearer {token}"}
        if key:
            headers["Idempotency-Key"] = key
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = _encoder.encode(body)
        self._tally.calls += 1
        begun_us = intended_us or now_us()
        try:
            async with self._session.request(
                method, self._urls[url] + path, headers=headers, data=data, allow_redirects=False
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._tally.errors[f"{kind}: {type(error).__name__}"] += 1
            raise Failed from error
        if response.status >= 300:
            self._refused(kind, content, now_us() - begun_us)
        self._latencies.add(kind, now_us() - begun_us)
        try:
            return msgspec.json.decode(content or b"{}", type=answer)
        except msgspec.DecodeError as error:
            self._tally.errors[f"{kind}: an answer that is not of the contract"] += 1
            raise Failed from error

    def _refused(self, kind: str, content: bytes, us: int) -> None:
        try:
            code = msgspec.json.decode(content, type=Problem).code
        except msgspec.DecodeError:
            code = "no problem details"
        if code in REASONS:
            self._latencies.add(f"{kind} {code}", us)
        else:
            self._tally.errors[f"{kind}: {code}"] += 1
        raise Failed(code)

    async def _quietly(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except Failed:
            return

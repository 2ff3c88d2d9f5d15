"""Waiting on a condition with a deadline, for tests. Never waits a fixed time."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], timeout_s: float = 5.0) -> None:
    """Give the loop away until the condition holds; `TimeoutError` when it does not in time."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the condition belongs to code that knows no event
            await asyncio.sleep(0)

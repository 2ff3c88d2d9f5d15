"""Waiting for a condition within one event loop, with a deadline."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Yield to the event loop until the condition holds.

    Raises:
        TimeoutError: it did not hold within `timeout_s`.
    """
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the tested code has no event to wait for
            await asyncio.sleep(0)

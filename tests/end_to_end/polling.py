"""Waiting for conditions in other processes, by polling with a deadline."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable

POLL_S = 0.01
LONG_TESTS = os.environ.get("CONVENE_TEST_LONG") == "1"


async def wait_until(condition: Callable[[], object], timeout_s: float = 45.0, what: str = "") -> None:
    """Poll until the condition holds.

    Raises:
        AssertionError: it did not hold within `timeout_s`; the message is `what`.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, what or "the condition did not hold in time"
        await asyncio.sleep(POLL_S)


async def wait_at_most(event: asyncio.Event, timeout_s: float) -> bool:
    """Wait until the event is set or the time has passed; return whether it is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
    return event.is_set()

"""Waiting for what happens in other processes: on a condition, with a deadline, looking now and then."""

import asyncio
import os
import time
from collections.abc import Callable

POLL_S = 0.01
LONG_TESTS = os.environ.get("CONVENE_TEST_LONG") == "1"


async def wait_until(condition: Callable[[], object], timeout_s: float = 15.0, what: str = "") -> None:
    """Look until the condition holds; an assertion fails when it does not in time."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, what or "it did not come about in time"
        await asyncio.sleep(POLL_S)

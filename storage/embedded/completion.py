"""Runs work that must not be interrupted by cancellation.

Drivers leak a socket if they are cancelled while connecting, and turn some cancellations into their own
errors. An interrupted stop would leave servers running.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


async def run_to_completion(coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run to the end. A cancellation is deferred until then and raised instead of the result."""
    task = asyncio.create_task(coroutine)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        if not task.cancelled():
            task.exception()  # retrieved, to prevent asyncio's warning
        raise asyncio.CancelledError
    return task.result()

"""Work that a cancellation must not cut in the middle.

Drivers lose a socket when they are cancelled while they connect, and turn some cancellations into errors of
theirs; a stop cut short leaves servers behind. It never waits for more than the one piece of work.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


async def run_to_completion(coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run `work` to its end. A cancellation is raised only then, in the place of any result."""
    task = asyncio.create_task(coroutine)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        if not task.cancelled():
            task.exception()  # seen, so that nobody warns of it
        raise asyncio.CancelledError
    return task.result()

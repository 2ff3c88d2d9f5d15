"""Runs work on many items with bounded concurrency, and reports progress."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
ProgressCallback = Callable[[str, int, int], None]
"""(step, done, total), called once with 0 done and then after each item; must return immediately."""


class BoundedRunner:
    """At most `concurrency` items are worked on at once."""

    def __init__(self, concurrency: int, progress: ProgressCallback) -> None:
        self._concurrency = concurrency
        self._progress = progress

    async def run_all(
        self, step: str, items: Sequence[Item], work: Callable[[Item], Awaitable[Result]]
    ) -> list[Result]:
        """Start the work in the order of the items; return the results in that order.

        The first failure is raised and cancels the rest.
        """
        results: dict[int, Result] = {}
        remaining = iter(enumerate(items))
        self._progress(step, 0, len(items))

        async def run_worker() -> None:
            for index, item in remaining:
                results[index] = await work(item)
                self._progress(step, len(results), len(items))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._concurrency, len(items))):
                    group.create_task(run_worker())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [results[index] for index in range(len(items))]

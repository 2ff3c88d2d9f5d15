"""Work on many things, a few at a time, with somebody watching how far it is."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
ProgressCallback = Callable[[str, int, int], None]
"""(step, done, total), once with nothing done and then after each thing; must not wait."""


class BoundedRunner:
    """`at_once` is how many requests are under way at the most."""

    def __init__(self, concurrency: int, progress: ProgressCallback) -> None:
        self._concurrency = concurrency
        self._progress = progress

    async def run_all(
        self, step: str, items: Sequence[Item], work: Callable[[Item], Awaitable[Result]]
    ) -> list[Result]:
        """Do the work on each thing, begun in order; answers the results in that order.

        The first failure is raised, and ends what is under way.
        """
        results: dict[int, Result] = {}
        waiting = iter(enumerate(items))
        self._progress(step, 0, len(items))

        async def run_worker() -> None:
            for index, item in waiting:
                results[index] = await work(item)
                self._progress(step, len(results), len(items))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._concurrency, len(items))):
                    group.create_task(run_worker())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [results[index] for index in range(len(items))]

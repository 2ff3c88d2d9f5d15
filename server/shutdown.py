"""Shutdown steps of a process, run in the reverse order of their registration."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger("convene")

ShutdownStep = Callable[[], Awaitable[None]]


class ShutdownSteps:
    def __init__(self) -> None:
        self._steps: list[tuple[str, ShutdownStep]] = []

    def add(self, name: str, step: ShutdownStep) -> None:
        """Run `step` at shutdown, before all steps that were added earlier. `name` is used in the log."""
        self._steps.append((name, step))

    def add_sync(self, name: str, step: Callable[[], None]) -> None:
        async def run() -> None:
            step()

        self.add(name, run)

    async def run(self, step_timeout_s: float) -> None:
        """Run all steps. A step that fails or exceeds `step_timeout_s` is logged; the others still run."""
        for name, step in reversed(self._steps):
            try:
                async with asyncio.timeout(step_timeout_s):
                    await step()
            except Exception as error:  # noqa: BLE001 - the remaining steps must run all the same
                _log.error("shutdown step %s failed", name, exc_info=error)
        self._steps.clear()

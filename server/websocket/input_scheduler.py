"""Schedules the input that connections have deferred, so that all of them share the event loop."""

import asyncio
from collections import deque
from typing import Final, Protocol

SECONDS_PER_ROUND: Final = 0.004
"""Time that all connections with deferred input share in one loop tick."""


class DeferredInput(Protocol):
    def resume_input(self) -> None:
        """Handle one more turn's worth of the deferred input."""


class InputScheduler:
    """Gives connections with deferred input their turns, in order, for a bounded time per loop tick."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pending: deque[DeferredInput] = deque()
        self._scheduled = False

    def __len__(self) -> int:
        return len(self._pending)

    def defer(self, connection: DeferredInput) -> None:
        """Call `resume_input` in a later loop tick."""
        self._pending.append(connection)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run_round)

    def _run_round(self) -> None:
        end = self._loop.time() + SECONDS_PER_ROUND
        for _ in range(len(self._pending)):
            self._pending.popleft().resume_input()
            if self._loop.time() >= end:
                break
        if self._pending:
            self._loop.call_soon(self._run_round)
        else:
            self._scheduled = False

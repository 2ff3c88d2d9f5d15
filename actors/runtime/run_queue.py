"""The run queue shared by all actors of the process: each actor with messages is queued once.

One event loop callback runs the actors that were queued when it started, so sockets are read between rounds.
"""

import asyncio
from collections import deque
from contextvars import Context
from typing import Protocol


class Runnable(Protocol):
    """What the queue runs: an actor reference."""

    def run_turn(self) -> None:
        """Handle some messages without waiting. Must not raise."""


class RunQueue:
    __slots__ = ("_loop", "_ready", "_scheduled", "rounds", "turns")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready: deque[Runnable] = deque()
        self._scheduled = False
        self.rounds = 0
        self.turns = 0

    def __len__(self) -> int:
        return len(self._ready)

    def schedule(self, ref: Runnable) -> None:
        """Give `ref` a turn in the next round."""
        self._ready.append(ref)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._run_round, context=Context())

    def _run_round(self) -> None:
        ready = self._ready
        self.rounds += 1
        self.turns += len(ready)
        for _ in range(len(ready)):
            ready.popleft().run_turn()
        if ready:
            self._loop.call_soon(self._run_round, context=Context())
        else:
            self._scheduled = False

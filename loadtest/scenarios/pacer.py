"""Open-loop scheduler: performs operations at times that do not depend on the server.

The times are a seeded Poisson process, like the actions of many independent users. Latencies count from the
scheduled time, so a stalled server delays operations but does not reduce their number.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from loadtest.metrics.clock import now_us

SLEEP_MAX_S: Final = 0.1
BURST_MAX: Final = 200
"""Operations per loop tick."""


class Pacer:
    """`perform` is called with the scheduled time in us."""

    def __init__(self, rate_per_s: float, rng: random.Random, perform: Callable[[int], None]) -> None:
        self._rate_per_s = rate_per_s
        self._rng = rng
        self._perform = perform
        self._stopped = False
        self._late_us = 0

    def stop(self) -> None:
        self._stopped = True

    def take_lateness_ms(self) -> float:
        """Return the worst delay since the last call, caused by the load tester itself."""
        late_us, self._late_us = self._late_us, 0
        return late_us / 1000

    async def run(self, begin_us: int, end_us: int) -> None:
        """Perform operations until `end_us`, or until `stop` is called."""
        if self._rate_per_s <= 0:
            return
        mean_us = 1_000_000 / self._rate_per_s
        due = begin_us + self._rng.expovariate(1) * mean_us
        while due < end_us and not self._stopped:
            now = now_us()
            if due > now:
                await asyncio.sleep(min(SLEEP_MAX_S, (due - now) / 1_000_000))
                continue
            self._late_us = max(self._late_us, now - int(due))
            for _ in range(BURST_MAX):
                if due > now or due >= end_us:
                    break
                self._perform(int(due))
                due += self._rng.expovariate(1) * mean_us
            await asyncio.sleep(0)

"""How hard this process itself works: a load tester that is out of breath measures itself.

It never slows anything down.
"""

import asyncio
import resource
import sys
import time
from typing import Final

LOOK_S: Final = 0.05


class Strain:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._worst_s = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._arm()

    def _arm(self) -> None:
        self._due = time.monotonic() + LOOK_S
        self._timer = self._loop.call_later(LOOK_S, self._look)

    def _look(self) -> None:
        self._worst_s = max(self._worst_s, time.monotonic() - self._due)
        self._arm()

    def take_lag_ms(self) -> float:
        """How late the loop was at worst since the last time."""
        worst_s, self._worst_s = self._worst_s, 0.0
        return worst_s * 1000

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def cpu_s() -> float:
    """The processor time that this process has used."""
    return time.process_time()


def resident_bytes() -> int:
    """The greatest memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

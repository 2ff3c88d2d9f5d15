"""Watches whether this process runs out of file descriptors: then it can accept no connection.

The event loop drops such connections silently.
"""

import logging
import os
import resource
from typing import Final

from actors.runtime.timer_wheel import Timer, TimerWheel

_log = logging.getLogger("convene")

CHECK_INTERVAL_S: Final = 1.0
SHORT_FRACTION: Final = 0.95
RECOVERED_FRACTION: Final = 0.85


class FileDescriptors:
    """Logs one line when descriptors run short, and one when there are enough again."""

    def __init__(self, wheel: TimerWheel, limit: int | None = None) -> None:
        """Start to watch. `limit` is that of the process by default."""
        self._wheel = wheel
        self._limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if limit is None else limit
        self.is_short = False
        self.shortages = 0
        self._timer: Timer | None = wheel.call_later(CHECK_INTERVAL_S, self._check)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check(self) -> None:
        self._timer = self._wheel.call_later(CHECK_INTERVAL_S, self._check)
        used = lowest_free_descriptor(self._limit)
        if not self.is_short and used >= self._limit * SHORT_FRACTION:
            self.is_short = True
            self.shortages += 1
            _log.error(
                "file descriptors nearly exhausted: new connections fail", extra={"limit": self._limit}
            )
        elif self.is_short and used < self._limit * RECOVERED_FRACTION:
            self.is_short = False
            _log.warning("file descriptors are available again", extra={"limit": self._limit})


def lowest_free_descriptor(limit: int) -> int:
    """Return the number that the next descriptor gets; `limit` if there is none.

    As many are in use at least, and unlike a count it costs the same for any number of them.
    """
    try:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return limit
    os.close(descriptor)
    return descriptor

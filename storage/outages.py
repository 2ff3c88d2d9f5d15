"""Outages of the stores: one log line when a store fails, one when it works again, and counts for metrics.

Every call that ends with `Unavailable` is counted here, at the place where the driver's exception is mapped.
Callers need not log it again.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from storage.errors import Unavailable

_log = logging.getLogger("convene")

QUIET_S: Final = 5.0
"""Time without a failed call after which a store counts as available. On a full disk many calls succeed."""


def failure_level(error: BaseException) -> int:
    """Return the level at which a failure is logged: DEBUG for those that an `Outage` has counted."""
    return logging.DEBUG if isinstance(error, Unavailable) else logging.WARNING


class OutageStatistics(msgspec.Struct, frozen=True):
    """`failed_calls` are counted since the start of the process."""

    store: str
    unavailable: bool
    failed_calls: int


class Outage:
    """Whether one store is unavailable to this process."""

    __slots__ = (
        "_began_at",
        "_clock",
        "_failed_at",
        "_failed_calls_of_outage",
        "_failed_calls_total",
        "_store",
    )

    def __init__(self, store: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._began_at: float | None = None
        self._failed_at = 0.0
        self._failed_calls_of_outage = 0
        self._failed_calls_total = 0

    def failed(self, reason: str) -> None:
        """Count a call that ended with `Unavailable`. The reason must not quote what was sent."""
        self._failed_at = self._clock()
        self._failed_calls_total += 1
        self._failed_calls_of_outage += 1
        if self._began_at is None:
            self._began_at = self._failed_at
            _log.warning("store unavailable", extra={"store": self._store, "reason": reason})

    def succeeded(self) -> None:
        """Note that the store works. Ends the outage once no call has failed for `QUIET_S`. Cheap."""
        if self._began_at is None or self._clock() - self._failed_at < QUIET_S:
            return
        seconds = round(self._failed_at - self._began_at, 1)
        fields = {"store": self._store, "failed_calls": self._failed_calls_of_outage, "seconds": seconds}
        _log.warning("store available again", extra=fields)
        self._began_at = None
        self._failed_calls_of_outage = 0

    def statistics(self) -> OutageStatistics:
        return OutageStatistics(self._store, self._began_at is not None, self._failed_calls_total)


_outages: Final[dict[str, Outage]] = {}


def get_outage(store: str) -> Outage:
    """Return the outage of a store. Like a logger, it is one object per name and process."""
    return _outages.setdefault(store, Outage(store))


def outage_statistics() -> list[OutageStatistics]:
    return [outage.statistics() for outage in _outages.values()]

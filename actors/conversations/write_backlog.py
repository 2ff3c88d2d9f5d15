"""Decides whether more is submitted to the log than it stores, so that new messages are refused at once.

    batches that writes have no room for wait too long, for `DETECTION_S` --> overloaded:
                                      new messages are refused while the oldest batch waits too long
    they wait less, or there are none, for `RELEASE_S` --> not overloaded

Without it, an overloaded instance accepts messages that are stored seconds later, and clients retry those
that were not acknowledged in time. A store that stalls for a moment is no overload: its backlog is written
within `DETECTION_S` after it. Nor is one that is slow, while each write takes all that waits. The principle
is that of CoDel (RFC 8289): what counts is how long the queue delays, and for how long it has done so.
"""

from typing import Final

DETECTION_S: Final = 0.4
RELEASE_S: Final = 1.0


class WriteBacklog:
    """The time that batches of one queue wait; `limit_s` is the longest that is accepted for long."""

    __slots__ = ("_above_since", "_below_since", "_is_overloaded", "_limit_s")

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._above_since: float | None = None
        self._below_since: float | None = None
        self._is_overloaded = False

    def on_write_started(self, oldest_wait_s: float, now: float) -> None:
        """Record how long the oldest batch has waited that the write has no room for; 0 if there is none."""
        if oldest_wait_s > self._limit_s:
            self._below_since = None
            if self._above_since is None:
                self._above_since = now
            elif now - self._above_since >= DETECTION_S:
                self._is_overloaded = True
        else:
            self._above_since = None
            if self._below_since is None:
                self._below_since = now
            elif now - self._below_since >= RELEASE_S:
                self._is_overloaded = False

    def refuses(self, oldest_wait_s: float) -> bool:
        """Whether to refuse new messages, while the oldest waiting batch has waited that long."""
        return self._is_overloaded and oldest_wait_s > self._limit_s

"""The heartbeat of all sockets: a ring of buckets, one of which is visited at each step.

Every socket is visited once a period, to be pinged, or closed when it gave no sign of life for two periods.
New sockets are spread over the ring by chance, so a storm of connects makes no storm of pings. It keeps no
timer per socket that is well, and no clock is read for a sign of life: it is dated by the step.
"""

import random
import time
from typing import Protocol

from actors.runtime.timer_wheel import TimerWheel

STEPS_PER_PERIOD = 50


class HeartbeatTarget(Protocol):
    def ping(self) -> None:
        """A period has passed: look at it, and ping it."""

    def check_idle(self) -> None:
        """Close it where it was silent for two periods."""


class Heartbeat:
    def __init__(self, wheel: TimerWheel, period_s: float) -> None:
        self._wheel = wheel
        self._step_s = period_s / STEPS_PER_PERIOD
        self._ring: list[dict[HeartbeatTarget, None]] = [{} for _ in range(STEPS_PER_PERIOD)]
        self._due_s = 0.0
        self._running = False
        self.step = 0
        """How many steps were made: the date of a sign of life."""

    def add(self, socket: HeartbeatTarget) -> int:
        """Visit this socket from now on; answers the bucket, for `remove`."""
        bucket = random.randrange(STEPS_PER_PERIOD)  # noqa: S311 - spreads load, guards nothing
        self._ring[bucket][socket] = None
        if not self._running:
            self._running = True
            self._due_s = time.monotonic() + self._step_s
            self._schedule()
        return bucket

    def remove(self, socket: HeartbeatTarget, bucket: int) -> None:
        self._ring[bucket].pop(socket, None)

    def schedule_idle_check(self, socket: HeartbeatTarget, step: int) -> None:
        """Look at this one when so many steps were made, before its next visit."""
        self._wheel.call_later((step - self.step) * self._step_s, socket.check_idle)

    def _schedule(self) -> None:
        self._wheel.call_later(max(0.0, self._due_s - time.monotonic()), self._run_due_steps)

    def _run_due_steps(self) -> None:
        """Visit what is due. Timers are late by a tick; that must not add up to a longer period."""
        now = time.monotonic()
        for _ in range(STEPS_PER_PERIOD):
            if self._due_s > now:
                break
            self._due_s += self._step_s
            self._run_step()
        # After a long stop of the process nobody is visited twice for it.
        self._due_s = max(self._due_s, now)
        if any(self._ring):
            self._schedule()
        else:
            self._running = False

    def _run_step(self) -> None:
        self.step += 1
        for socket in list(self._ring[self.step % STEPS_PER_PERIOD]):
            socket.ping()

"""Pings all connections once per period, and has them closed after two periods without input.

Connections are in a ring of buckets; each step visits one bucket. A new connection gets a random bucket, so
that a burst of connects does not become a burst of pings. There is no timer per active connection. Activity
is recorded as the number of the current step, which needs no clock reading.
"""

import random
import time
from typing import Protocol

from actors.runtime.timer_wheel import TimerWheel

STEPS_PER_PERIOD = 50


class HeartbeatTarget(Protocol):
    def ping(self) -> None:
        """Called once per period: check for inactivity, then send a ping."""

    def check_idle(self) -> None:
        """Close the connection if it was inactive for two periods."""


class Heartbeat:
    """The ring of connections. Runs while it has any."""

    def __init__(self, wheel: TimerWheel, period_s: float) -> None:
        self._wheel = wheel
        self._step_s = period_s / STEPS_PER_PERIOD
        self._ring: list[dict[HeartbeatTarget, None]] = [{} for _ in range(STEPS_PER_PERIOD)]
        self._due_s = 0.0
        self._running = False
        self.step = 0
        """Number of steps so far; connections record it as the time of their last activity."""

    def add(self, target: HeartbeatTarget) -> int:
        """Visit `target` once per period from now on. Returns its bucket, for `remove`."""
        bucket = random.randrange(STEPS_PER_PERIOD)  # noqa: S311 - spreads load, not a secret
        self._ring[bucket][target] = None
        if not self._running:
            self._running = True
            self._due_s = time.monotonic() + self._step_s
            self._schedule()
        return bucket

    def remove(self, target: HeartbeatTarget, bucket: int) -> None:
        self._ring[bucket].pop(target, None)

    def schedule_idle_check(self, target: HeartbeatTarget, step: int) -> None:
        """Call `check_idle` at the given step, which may be before the next visit."""
        self._wheel.call_later((step - self.step) * self._step_s, target.check_idle)

    def _schedule(self) -> None:
        self._wheel.call_later(max(0.0, self._due_s - time.monotonic()), self._run_due_steps)

    def _run_due_steps(self) -> None:
        """Run the steps that are due. Due times are absolute, so late timers do not stretch the period."""
        now = time.monotonic()
        for _ in range(STEPS_PER_PERIOD):
            if self._due_s > now:
                break
            self._due_s += self._step_s
            self._run_step()
        # After a long stall of the process the missed steps are skipped, so no connection is visited twice.
        self._due_s = max(self._due_s, now)
        if any(self._ring):
            self._schedule()
        else:
            self._running = False

    def _run_step(self) -> None:
        self.step += 1
        for target in list(self._ring[self.step % STEPS_PER_PERIOD]):
            target.ping()

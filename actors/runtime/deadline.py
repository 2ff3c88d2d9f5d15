"""By when something must be done: `asyncio.timeout` on the wheel.

A timer of the event loop costs more than all else that a small request does; one of the wheel costs a
tenth of it and is late by at most a tick.
"""

import asyncio
from types import TracebackType
from typing import Self

from actors.runtime.timer_wheel import Timer, TimerWheel


class Deadline:
    """`with Deadline(wheel, seconds) as deadline:` what takes longer is cancelled and raises TimeoutError.

    `expired` tells it from a TimeoutError of what was done. For one use, in a task.
    """

    __slots__ = ("_prior_cancellations", "_task", "_timeout_s", "_timer", "_wheel", "expired")

    _task: "asyncio.Task[object]"
    _prior_cancellations: int
    _timer: Timer

    def __init__(self, wheel: TimerWheel, timeout_s: float) -> None:
        self._wheel = wheel
        self._timeout_s = timeout_s
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._prior_cancellations = task.cancelling()
        self._timer = self._wheel.call_later(self._timeout_s, self._expire)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # Where somebody else has cancelled the task as well, that is what goes on.
        if (
            self.expired
            and self._task.uncancel() <= self._prior_cancellations
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()

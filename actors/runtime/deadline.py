"""A timeout for the current task: `asyncio.timeout` on the timer wheel.

A timer of the event loop is expensive for a small request. One of the wheel is cheap, and fires at most one
tick of the wheel late.
"""

import asyncio
from types import TracebackType
from typing import Self

from actors.runtime.timer_wheel import Timer, TimerWheel


class Deadline:
    """`with Deadline(wheel, timeout_s) as deadline:` cancels the block after `timeout_s`, up to a tick later.

    The block then raises `TimeoutError`; `expired` distinguishes it from a TimeoutError raised inside the
    block. Single use; must be entered inside a task.
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
        # A cancellation requested by other code takes precedence over the timeout.
        if (
            self.expired
            and self._task.uncancel() <= self._prior_cancellations
            and kind is asyncio.CancelledError
        ):
            raise TimeoutError from error

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()

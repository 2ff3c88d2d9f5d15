"""Timers set by callbacks: the wheel continues with the earliest one."""

import asyncio

from actors.runtime.timer_wheel import TimerWheel
from tests.until import until

TICK_S = 0.01


async def test_later_timer_set_by_a_callback_does_not_delay_earlier_one() -> None:
    """The earlier timer is at most a tick late, whatever was set after it."""
    loop = asyncio.get_running_loop()
    wheel = TimerWheel(loop, TICK_S)
    fired: list[float] = []
    began = loop.time()
    wheel.call_later(0.1, lambda: fired.append(loop.time() - began))

    def set_later_timer() -> None:
        wheel.call_later(20.0, lambda: None)

    wheel.call_later(0.02, set_later_timer)
    await until(lambda: fired, 3.0)
    wheel.close()

    assert 0.1 <= fired[0] < 0.5
